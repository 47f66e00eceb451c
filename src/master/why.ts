import type { RunEvent, StoredRunEvent } from '../domain/events.ts';
import { toInstant, toMs, type Instant } from '../domain/instant.ts';
import { DEFAULTS } from '../domain/job.ts';
import type { Keys } from '../domain/keys.ts';
import { readJob, type KnownJob } from '../domain/known-job.ts';
import { readAsked, timeIn } from '../domain/schedule/asked.ts';
import { isZone } from '../domain/schedule/zone.ts';
import { whyText, type Then } from '../domain/why.ts';
import type { TickView } from '../domain/wire.ts';
import type { Language } from '../domain/words.ts';
import type { RouteStores } from './errors.ts';
import { badField, noSuchJob, Refused } from './problems.ts';
import type { Projection } from './projection.ts';
import type { Timelines } from './timeline.ts';

type WhyAnswer = { readonly at: Instant; readonly items: readonly TickView[]; readonly sentence: string };

type WhyDeps = {
  readonly stores: RouteStores;
  readonly keys: Keys;
  readonly projection: Pick<Projection, 'seen'>;
  readonly timelines: Timelines;
  readonly scale: number;
};

type Asked = { readonly name: string; readonly at: string; readonly now: number; readonly language: Language };
type Changed = Extract<RunEvent, { type: 'jobSaved' | 'jobDeleted' }>;

/** Under placement `all` each worker has a tick of its own at an instant: so many are told. */
const MOST_AT_ONCE = 20;
const MOST_TOLD = 3;
/** Of a job's changes around an instant: the newest before it, and what lies beside it (cursors that were set). */
const LOOKED_AT = 5;

export type Whys = ReturnType<typeof createWhys>;

/** Why a job ran, or did not, at an instant: the tick there or nearest to it, and a sentence. A handful of bounded reads, whatever the job has run since. */
export const createWhys = ({ stores: { coordination, runLog }, keys, projection: { seen }, timelines, scale }: WhyDeps) => {
  const changesAround = async (name: string, at: number): Promise<{ readonly last?: Changed; readonly next?: Changed }> => {
    const prefix = `job/${name}/`;
    const bound = `${prefix}${idAfter(at)}`;
    const [down, up] = await Promise.all([
      runLog.eventsAbout(prefix, { before: bound, isDown: true, limit: LOOKED_AT }),
      runLog.eventsAbout(prefix, { after: bound, limit: LOOKED_AT }),
    ]);
    const [last] = down.filter(isChange);
    const [next] = up.filter(isChange);
    return { ...(last && { last }), ...(next && { next }) };
  };

  /** The version that counted at an instant, as text, and who made it so. */
  const versionAt = async (name: string, at: number) => {
    const { last, next } = await changesAround(name, at);
    if (last?.type === 'jobDeleted') return { then: { type: 'deleted', at: last.at, by: last.by } as const };
    if (last) return { value: last.after, since: last.at, by: last.by };
    if (next?.before !== undefined) return { value: next.before };
    if (next) return { then: { type: 'notYet', savedAt: next.at, by: next.by } as const };
    const { reads } = await coordination.transact({ then: [{ type: 'get', key: keys.job(name) }] });
    return reads[0] ? { then: { type: 'unknown' } as const, text: reads[0].value } : undefined;
  };

  const zoneOfJob = (name: string): string => {
    const zone = seen.jobs.get(name)?.raw['timezone'];
    return typeof zone === 'string' && isZone(zone) ? zone : DEFAULTS.timezone;
  };

  return async ({ name, at: text, now, language }: Asked): Promise<WhyAnswer> => {
    const zone = zoneOfJob(name);
    const asked = readAsked(text, zone, now);
    if (asked === undefined) throw badField('/at', 'invalid', 'not a time, as 03:00 or 2027-01-31T03:00 or 2027-01-31T03:00:00Z');
    const version = await versionAt(name, asked);
    const known = version && 'value' in version ? readValue(name, version.value, scale) : undefined;
    const at = fireOf(known, asked);
    const exact = await page(name, at, at, now, language, MOST_AT_ONCE);
    const then: Then =
      version?.then ??
      (!known
        ? { type: 'broken' }
        : !known.job.enabled
          ? {
              type: 'off',
              since: version && 'since' in version ? version.since : undefined,
              by: version && 'by' in version ? version.by : undefined,
            }
          : namedBy(known, at));
    const items = exact.length > 0 ? exact : await nearest(name, at, then, { now, language });
    if (!version && items.length === 0) throw noSuchJob(name);
    const time = (instant: Instant): string => timeIn(toMs(instant), zone);
    const say = (tick: TickView | undefined): string => whyText({ at: toInstant(at), tick, then, now, time }, language);
    const told = exact.length > 1 ? exact.slice(0, MOST_TOLD).map(say) : [say(items[0])];
    return { at: toInstant(at), items, sentence: told.join(' ') };
  };

  async function page(name: string, from: number, to: number, now: number, language: Language, limit: number) {
    try {
      return (await timelines.page(name, { from, to, limit, now, language })).items;
    } catch (error) {
      if (error instanceof Refused && error.problem.status === 404) return [];
      throw error;
    }
  }

  /** The tick on record before the instant, or the one that the schedule names next, whichever is nearer. */
  async function nearest(name: string, at: number, then: Then, { now, language }: Pick<Asked, 'now' | 'language'>) {
    const [below] = await page(name, 0, at - 1, now, language, 1);
    const after = then.type === 'notNamed' && then.after !== undefined ? toMs(then.after) : undefined;
    const [above] = after === undefined ? [] : await page(name, after, after, now, language, 1);
    const found = [below, above].flatMap((tick) => tick ?? []);
    const distance = (tick: TickView): number =>
      Math.min(Math.abs(toMs(tick.fireTime) - at), Math.abs(toMs(tick.to ?? tick.fireTime) - at));
    return found.toSorted((a, b) => distance(a) - distance(b)).slice(0, 1);
  }
};

const isChange = (event: StoredRunEvent): event is Changed => event.type === 'jobSaved' || event.type === 'jobDeleted';

/** Above every id (UUIDv7) that was made up to an instant: they begin with it. */
const idAfter = (ms: number): string => {
  const hex = (ms + 1).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
};

const readValue = (name: string, value: unknown, scale: number): KnownJob | undefined => {
  const read = readJob(name, JSON.stringify(value), 0, scale);
  return read.ok ? read.value : undefined;
};

/** People ask for the time that the schedule says; with a jitter the fire time is another. */
const fireOf = (known: KnownJob | undefined, asked: number): number => {
  const fire = known?.schedule.next(asked - 1);
  return fire && fire.nominalAt === asked ? fire.fireTime : asked;
};

const namedBy = ({ schedule }: KnownJob, at: number): Then => {
  const next = schedule.next(at - 1)?.fireTime;
  if (next === at) return { type: 'named' };
  const before = schedule.prev(at)?.fireTime;
  return {
    type: 'notNamed',
    before: before === undefined ? undefined : toInstant(before),
    after: next === undefined ? undefined : toInstant(next),
  };
};
