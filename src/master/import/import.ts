import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { ImportAnswer, ImportItem } from '../../domain/crontab/answer.ts';
import type { Clock } from '../../streams/clock.ts';
import { StoreAway } from '../errors.ts';
import type { Jobs } from '../jobs.ts';
import { Refused } from '../problems.ts';
import type { Projection } from '../projection.ts';
import type { Plan, Planned, Raw, Verdict } from './plan.ts';
import { createTurns, inPool } from './turns.ts';

export type ImportDeps = {
  readonly jobs: Jobs;
  readonly projection: Projection;
  readonly clock: Clock;
  readonly log: Logger;
};

export type ImportOrder = { readonly dryRun: boolean; readonly prune: boolean; readonly by: string };

/** So many jobs are saved side by side. */
const SIDE_BY_SIDE = 8;

type JobPlan = Extract<Planned, { is: 'job' }>;

/** Carries plans out: one transaction a job, each with its own result; what was saved stays saved whatever becomes of the rest. */
export const createImport = ({ jobs, projection, clock, log }: ImportDeps) => {
  /** Why the store is away, once it is: what comes after is not tried. */
  type Away = { reason: string | undefined };

  const save = async (planned: JobPlan, by: string, away: Away): Promise<ImportItem> => {
    if (away.reason !== undefined) return item(planned, 'refused', { reason: `not tried: ${away.reason}` });
    let verdict: Verdict | undefined;
    try {
      const saved = await jobs.set(planned.name, by, (seen) => {
        verdict = planned.decide(seen?.raw);
        return verdict.is === 'refused' || isSame(verdict.value, seen?.raw) ? undefined : verdict;
      });
      return told(planned, verdict, saved ? (saved.isNew ? 'created' : 'changed') : 'unchanged');
    } catch (error) {
      return item(planned, 'refused', { reason: reasonOf(error, away) });
    }
  };

  const look = (planned: JobPlan): ImportItem => {
    const stored = projection.seen.jobs.get(planned.name)?.raw;
    const verdict = planned.decide(stored);
    const action =
      stored === undefined ? 'created' : verdict.is === 'job' && isSame(verdict.value, stored) ? 'unchanged' : 'changed';
    return told(planned, verdict, action);
  };

  const pruned = async (plan: Plan, { dryRun, by }: ImportOrder, away: Away): Promise<readonly ImportItem[]> => {
    const { tag, names, unread } = plan;
    const kept = (reason: string): readonly ImportItem[] => [{ action: 'noted', reason: `nothing is removed: ${reason}` }];
    if (tag === undefined) return [];
    if (names.size === 0) return kept('the import holds no job at all, which is more likely a mistake than a wish');
    if (unread.length > 0) return kept(`${unread.slice(0, 5).join(', ')} cannot be read, and may be one of the jobs`);
    if (away.reason !== undefined) return kept(away.reason);
    const old = [...projection.seen.jobs.values()].filter(
      ({ name, raw }) => !names.has(name) && Array.isArray(raw['tags']) && raw['tags'].includes(tag),
    );
    const items: ImportItem[] = [];
    for (const { name, revision } of old.sort((a, b) => (a.name < b.name ? -1 : 1)))
      try {
        if (!dryRun) await jobs.delete(name, by, { type: 'revision', is: String(revision) });
        items.push({ name, action: 'removed', reason: 'an earlier import of this source made it, and this one has it no more' });
      } catch (error) {
        items.push({ name, action: 'refused', reason: `not removed: ${reasonOf(error, away)}` });
      }
    return items;
  };

  return {
    /** Does, or in a dry run tells, what a plan asks for. Rejects only where something unforeseen happens. */
    carryOut: async (plan: Plan, order: ImportOrder): Promise<Omit<ImportAnswer, 'source' | 'timezone'>> => {
      const away: Away = { reason: undefined };
      const turn = createTurns(clock);
      const items: ImportItem[] = await inPool(plan.items, SIDE_BY_SIDE, async (planned) => {
        await turn();
        if (planned.is === 'told') return planned.item;
        return order.dryRun ? look(planned) : save(planned, order.by, away);
      });
      if (order.prune) items.push(...(await pruned(plan, order, away)));
      const counts = { created: 0, changed: 0, unchanged: 0, removed: 0, refused: 0, noted: 0 };
      for (const { action } of items) counts[action] += 1;
      const { noted, ...told } = counts;
      if (!order.dryRun) log.info({ by: order.by, tag: plan.tag, noted, ...told }, 'jobs imported');
      return { items, ...told, dryRun: order.dryRun, format: plan.format };
    },
  };
};

/** The format of the value (`v`) is the store's to write: who does not name it does not change it. */
const isSame = (value: Raw, stored: Raw | undefined): boolean => {
  if (stored === undefined) return false;
  const { v, ...rest } = stored;
  return isDeepStrictEqual(value, 'v' in value && v !== undefined ? stored : rest);
};

const told = (planned: JobPlan, verdict: Verdict | undefined, action: ImportItem['action']): ImportItem => {
  if (verdict?.is === 'refused')
    return item(planned, 'refused', { reason: verdict.reason, ...(verdict.errors && { errors: [...verdict.errors] }) });
  const isOff = verdict?.job.enabled === false ? ['it is disabled, and stays so'] : [];
  return item(planned, action, {}, [...(verdict?.warnings ?? []), ...(action === 'changed' ? isOff : [])]);
};

const item = (
  { line, name, warnings }: JobPlan,
  action: ImportItem['action'],
  more: Pick<ImportItem, 'reason' | 'errors'>,
  further: readonly string[] = [],
): ImportItem => {
  const all = [...warnings, ...further];
  return { ...(line === undefined ? {} : { line }), name, action, ...more, ...(all.length > 0 ? { warnings: all } : {}) };
};

const reasonOf = (error: unknown, away: { reason: string | undefined }): string => {
  if (error instanceof Refused) return error.problem.detail ?? error.problem.title;
  if (!(error instanceof StoreAway)) throw error;
  away.reason = `the coordination store does not answer (${error.message})`;
  return `${away.reason}: it may have been saved. Import again, which changes nothing that is saved already`;
};
