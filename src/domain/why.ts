import { toMs, type Instant } from './instant.ts';
import type { TickView } from './wire.ts';
import type { Language, Outcome, Reason } from './words.ts';

/** What the version of a job that counted at an instant says of that instant. `unknown`: nobody saved it by a master, so nobody knows what it was. */
export type Then =
  /** It was saved for the first time later. */
  | { readonly type: 'notYet'; readonly savedAt: Instant; readonly by: string }
  | { readonly type: 'deleted'; readonly at: Instant; readonly by: string }
  | { readonly type: 'off'; readonly since: Instant | undefined; readonly by: string | undefined }
  | { readonly type: 'broken' }
  /** The schedule of that time named it, or did not: then the nearest times that it named. */
  | { readonly type: 'named' }
  | { readonly type: 'notNamed'; readonly before: Instant | undefined; readonly after: Instant | undefined }
  | { readonly type: 'unknown' };

type Why = {
  /** The instant that was asked about. */
  readonly at: Instant;
  /** What is on record there, or nearest to it. */
  readonly tick: TickView | undefined;
  readonly then: Then;
  readonly now: number;
  /** An instant as people of the job's time zone write it. */
  readonly time: (at: Instant) => string;
};

/** Why a job ran, or did not run, at an instant: one sentence or two, for people. Pure. */
export const whyText = (why: Why, language: Language = 'en'): string => {
  const { at, tick, then, time } = why;
  const words = WORDS[language];
  if (tick && isAt(tick, at)) return tickText(why, tick, language);
  const nothing =
    then.type === 'notYet'
      ? words.notYet(time(then.savedAt), then.by)
      : then.type === 'deleted'
        ? words.deleted(time(then.at), then.by)
        : then.type === 'off'
          ? words.off(then.since && time(then.since), then.by)
          : then.type === 'broken'
            ? words.broken
            : then.type === 'notNamed'
              ? words.notNamed(time(at), then.before && time(then.before), then.after && time(then.after))
              : then.type === 'named'
                ? words.noRecord(time(at))
                : words.unknown(time(at));
  return tick ? `${nothing} ${words.nearest(...distanceOf(tick, at, language), tickText(why, tick, language))}` : nothing;
};

const isAt = ({ fireTime, to }: TickView, at: Instant): boolean =>
  fireTime === at || (to !== undefined && fireTime <= at && at <= to);

/** How far from an instant a tick lies, and on which side: what is on record may be long ago. */
const distanceOf = ({ fireTime, to = fireTime }: TickView, at: Instant, language: Language): readonly [string, boolean] =>
  fireTime > at ? [lengthText(toMs(fireTime) - toMs(at), language), false] : [lengthText(toMs(at) - toMs(to), language), true];

const tickText = ({ now, time }: Why, tick: TickView, language: Language): string => {
  const words = WORDS[language];
  const { fireTime, fate, to, count, reason, worker, workerName, latenessMs = 0, outcome, trigger, by, note, waitsFor } = tick;
  const who = workerName ?? worker;
  const span = to === undefined || to === fireTime ? undefined : words.span(time(fireTime), time(to), count);
  const because = reason === undefined ? undefined : words.reasons[reason];
  const late = latenessMs >= LATE_MS ? lengthText(latenessMs, language) : undefined;
  const text = ((): string => {
    switch (fate) {
      case 'ran':
        return words.ran({
          at: time(fireTime),
          who,
          late,
          how: outcome && words.outcomes[outcome],
          because: outcome === 'succeeded' ? undefined : because,
          isCatchUp: trigger === 'catchUp',
        });
      case 'skipped':
        return words.skipped({ at: span ?? time(fireTime), because, who, by });
      case 'missed':
        return words.missed({ at: span ?? time(fireTime), because });
      case 'waiting':
        return words.waiting(span ?? time(fireTime), trigger === 'catchUp', waitsFor);
      case 'coming':
        return toMs(fireTime) > now
          ? words.coming(time(fireTime))
          : words.due(time(fireTime), lengthText(now - toMs(fireTime), language), waitsFor);
      default:
        return fate satisfies never;
    }
  })();
  return note === undefined ? text : `${text} ${note}`;
};

/** Late by this and it is worth a word. */
const LATE_MS = 1_000;

/** In the two largest units: "1 h 5 min". */
export const lengthText = (ms: number, language: Language): string => {
  const units = WORDS[language].units;
  const parts = [
    [86_400_000, units.d],
    [3_600_000, units.h],
    [60_000, units.min],
    [1_000, units.s],
  ] as const;
  let left = ms;
  const texts: string[] = [];
  for (const [size, unit] of parts) {
    const whole = Math.floor(left / size);
    left -= whole * size;
    if (whole > 0) texts.push(`${String(whole)} ${unit}`);
  }
  return texts.slice(0, 2).join(' ') || `${String(Math.round(ms))} ${units.ms}`;
};

type Ran = {
  readonly at: string;
  readonly who: string | undefined;
  readonly late: string | undefined;
  readonly how: string | undefined;
  readonly because: string | undefined;
  readonly isCatchUp: boolean;
};
type NotRun = {
  readonly at: string;
  readonly because: string | undefined;
  readonly who?: string | undefined;
  readonly by?: string | undefined;
};
type Words = {
  readonly units: { readonly d: string; readonly h: string; readonly min: string; readonly s: string; readonly ms: string };
  readonly outcomes: Readonly<Record<Outcome, string>>;
  readonly reasons: Readonly<Record<Reason, string>>;
  readonly ran: (ran: Ran) => string;
  readonly skipped: (skipped: NotRun) => string;
  readonly missed: (missed: NotRun) => string;
  readonly waiting: (at: string, isCatchUp: boolean, why: string | undefined) => string;
  readonly coming: (at: string) => string;
  readonly due: (at: string, since: string, why: string | undefined) => string;
  readonly span: (from: string, to: string, count: number | undefined) => string;
  readonly nearest: (distance: string, isBefore: boolean, text: string) => string;
  readonly notYet: (at: string, by: string) => string;
  readonly deleted: (at: string, by: string) => string;
  readonly off: (since: string | undefined, by: string | undefined) => string;
  readonly broken: string;
  readonly notNamed: (at: string, before: string | undefined, after: string | undefined) => string;
  readonly noRecord: (at: string) => string;
  readonly unknown: (at: string) => string;
};

const part = (text: string | undefined, before = '', after = ''): string =>
  text === undefined ? '' : `${before}${text}${after}`;

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    units: { d: 'd', h: 'h', min: 'min', s: 's', ms: 'ms' },
    outcomes: {
      succeeded: 'succeeded',
      failed: 'failed',
      timedOut: 'ran into its time limit',
      killed: 'was ended',
      lost: 'was lost',
      skipped: 'was skipped',
    },
    reasons: {
      person: 'somebody asked for it',
      replaced: 'the next run took its place',
      leaseLost: 'its worker lost the link to etcd for too long',
      drained: 'its worker was drained',
      abandoned: 'it was let go on past its time limit',
      notStarted: 'its worker went away before it started',
      exitUnknown: 'how it ended is not known',
      workerGone: 'its worker was gone',
      startFailed: 'the command could not be started',
      notAllowed: "its worker's own configuration does not allow it",
      expired: 'it waited too long for its turn',
      overlap: 'the run before had not ended',
      edited: 'the job was changed before anybody had taken it',
      late: 'nobody started it in time: no worker was up, or none could reach etcd',
      jobDeleted: 'the job was deleted before anybody had taken it',
      noWorker: 'no worker matched the job',
      marked: "it was before the job's last change",
      freed: 'somebody freed the job of it',
    },
    ran: ({ at, who, late, how, because, isCatchUp }) =>
      `The tick of ${at} ran${isCatchUp ? ' as a catch-up' : ''}${part(who, ' on ')}${part(late, ', ', ' late')}, and ${how ?? 'has not ended yet'}${part(because, ': ')}.`,
    skipped: ({ at, because, who, by }) =>
      `The tick of ${at} was skipped${part(because, ': ')}. ${by === undefined ? (who === undefined ? 'The leader decided so.' : `Worker ${who} decided so.`) : `That was ${by}.`}`,
    missed: ({ at, because }) => `The tick of ${at} was missed${part(because, ': ')}.`,
    waiting: (at, isCatchUp, why = 'for a free worker, or for the run before to end') =>
      `The tick of ${at} waits${isCatchUp ? ' to be caught up' : ''}: ${why}.`,
    coming: (at) => `The tick of ${at} has not come yet.`,
    due: (at, since, why) => `The tick of ${at} has been due for ${since}, and nobody has decided it yet${part(why, ': ')}.`,
    span: (from, to, count) =>
      `${from} to ${to} (${count === undefined ? 'nobody knows how many, if any' : `${String(count)} ticks`})`,
    nearest: (distance, isBefore, text) => `The nearest on record, ${distance} ${isBefore ? 'before' : 'after'} that: ${text}`,
    notYet: (at, by) => `The job was not there yet: ${by} saved it first at ${at}.`,
    deleted: (at, by) => `The job was not there: ${by} deleted it at ${at}.`,
    off: (since, by) => `The job was switched off${part(since, ' since ')}${part(by, ', by ')}.`,
    broken: 'The job could not be read then, so it did nothing.',
    notNamed: (at, before, after) =>
      `The schedule of that time does not name ${at}${before === undefined && after === undefined ? '' : `: it names ${[before, after].filter((each) => each !== undefined).join(' and ')}`}.`,
    noRecord: (at) =>
      `The schedule of that time names ${at}, and there is no record of it: the run log does not keep it any more, or it waits in the spool of a worker that cannot reach the log database.`,
    unknown: (at) => `Nothing is on record for ${at}, and nobody knows what the job was then: no master saved it.`,
  },
  zh: {
    units: { d: '天', h: '小时', min: '分', s: '秒', ms: '毫秒' },
    outcomes: {
      succeeded: '已成功',
      failed: '已失败',
      timedOut: '已超时',
      killed: '被终止',
      lost: '已丢失',
      skipped: '已跳过',
    },
    reasons: {
      person: '由人要求',
      replaced: '被下一次运行取代',
      leaseLost: '其工作节点与 etcd 失联过久',
      drained: '其工作节点已排空',
      abandoned: '超时后任其继续',
      notStarted: '其工作节点在启动前离开',
      exitUnknown: '结束方式未知',
      workerGone: '其工作节点已消失',
      startFailed: '命令无法启动',
      notAllowed: '工作节点自身的配置不允许',
      expired: '等待过久',
      overlap: '上一次运行尚未结束',
      edited: '作业在有节点接手之前被修改',
      late: '没有节点及时启动它：没有工作节点在运行，或都连不上 etcd',
      jobDeleted: '作业在有节点接手之前被删除',
      noWorker: '没有符合条件的工作节点',
      marked: '早于作业的最近一次修改',
      freed: '有人将作业从中释放',
    },
    ran: ({ at, who, late, how, because, isCatchUp }) =>
      `${at} 的触发${part(who, '在 ', ' 上')}${isCatchUp ? '作为补跑' : ''}运行了${part(late, '，迟了 ')}，${how ?? '尚未结束'}${part(because, '：')}。`,
    skipped: ({ at, because, who, by }) =>
      `${at} 的触发被跳过${part(because, '：')}。${by === undefined ? (who === undefined ? '由主节点决定。' : `由工作节点 ${who} 决定。`) : `操作者：${by}。`}`,
    missed: ({ at, because }) => `${at} 的触发被错过${part(because, '：')}。`,
    waiting: (at, isCatchUp, why = '等待空闲的工作节点，或等待上一次运行结束') =>
      `${at} 的触发正在等待${isCatchUp ? '补跑' : ''}：${why}。`,
    coming: (at) => `${at} 的触发尚未到时。`,
    due: (at, since, why) => `${at} 的触发到时已有 ${since}，尚无人作出决定${part(why, '：')}。`,
    span: (from, to, count) => `${from} 至 ${to}（${count === undefined ? '次数未知，也可能没有' : `${String(count)} 次`}）`,
    nearest: (distance, isBefore, text) => `最近的记录（${isBefore ? '早' : '晚'} ${distance}）：${text}`,
    notYet: (at, by) => `当时还没有这个作业：${by} 于 ${at} 首次保存。`,
    deleted: (at, by) => `当时没有这个作业：${by} 于 ${at} 将其删除。`,
    off: (since, by) => `当时作业已停用${part(since, '，自 ')}${part(by, '，操作者：')}。`,
    broken: '当时作业的内容无法读取，因此什么也没做。',
    notNamed: (at, before, after) =>
      `当时的计划没有指定 ${at}${before === undefined && after === undefined ? '' : `，它指定的是 ${[before, after].filter((each) => each !== undefined).join(' 和 ')}`}。`,
    noRecord: (at) => `当时的计划指定了 ${at}，但没有记录：运行日志已不再保留，或记录还在某个连不上日志数据库的工作节点上。`,
    unknown: (at) => `${at} 没有任何记录，也无人知道作业当时的内容：它不是由主节点保存的。`,
  },
};
