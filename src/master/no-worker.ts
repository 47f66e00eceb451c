import type { FullJob } from '../domain/job.ts';
import { hasTaker, unfitness, type Unfitness } from '../domain/placement.ts';
import type { Presence } from '../domain/values.ts';
import type { Language } from '../domain/words.ts';
import type { Seen } from './seen.ts';

type Placed = Pick<FullJob, 'name' | 'workers' | 'labels' | 'runAs'>;

/** The live workers; one that was asked to drain counts as draining before it says so itself. */
export const peersOf = (seen: Seen): readonly Presence[] =>
  [...seen.workers.values()].map((worker) => (seen.drains.has(worker.id) ? { ...worker, draining: true } : worker));

/** Whether no live worker may run a job now: all its ticks are missed until one comes that does. Who is full, or has just started, may. Pure. */
export const hasNoWorker = (seen: Seen, job: Placed): boolean => !hasTaker(job, peersOf(seen));

type Words = {
  readonly why: Readonly<Record<Unfitness['reason'], string>>;
  readonly lacks: (labels: string) => string;
  readonly more: (count: number) => string;
  readonly none: string;
  readonly whole: (why: string) => string;
  readonly between: string;
};

const TOLD = 3;
const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    why: {
      name: 'is not one of the workers that the job names',
      labels: 'lacks labels',
      jobs: 'does not allow jobs of this name',
      user: 'may not run commands as the user of this job',
      skewed: 'has a clock that is off',
      draining: 'drains',
      unsynced: 'does not know all jobs yet',
      oldRules: 'knows older rules',
      full: 'has no slots',
    },
    lacks: (labels) => `lacks ${labels}`,
    more: (count) => `${String(count)} more do not fit`,
    none: 'none is here',
    whole: (why) => `no live worker may run this job: ${why}`,
    between: '; ',
  },
  zh: {
    why: {
      name: '不在作业指定的工作节点之列',
      labels: '缺少标签',
      jobs: '不允许该名称的作业',
      user: '不得以该作业的用户身份运行命令',
      skewed: '时钟不准',
      draining: '正在排空',
      unsynced: '尚未获知全部作业',
      oldRules: '规则版本较旧',
      full: '没有名额',
    },
    lacks: (labels) => `缺少 ${labels}`,
    more: (count) => `另有 ${String(count)} 个也不符合`,
    none: '一个都没有',
    whole: (why) => `没有在线的工作节点可以运行该作业：${why}`,
    between: '；',
  },
};

/** What to say of a run that was queued though nobody may take it now; undefined where somebody may. `asked`: the only worker, by id or name, that is to take it. Pure. */
export const noWorkerWarning = (seen: Seen, job: Placed, language: Language, asked?: string): string | undefined => {
  const peers = peersOf(seen).filter(({ id, name }) => asked === undefined || id === asked || name === asked);
  if (hasTaker(job, peers)) return undefined;
  const words = WORDS[language];
  const told = peers.slice(0, TOLD).map((peer) => {
    const { reason, missing = [] } = unfitness(job, { ...peer, running: 0 }, peers) ?? { reason: 'full' };
    return `${peer.name} ${reason === 'labels' ? words.lacks(missing.join(', ')) : words.why[reason]}`;
  });
  const more = peers.length - told.length;
  return words.whole(peers.length === 0 ? words.none : [...told, ...(more > 0 ? [words.more(more)] : [])].join(words.between));
};
