import { toMs } from '../../../src/domain/instant.ts';
import type { History } from '../history.ts';

/** What the run log tells of one tick: that a run did it, or an event of its own. `worker`: whose tick it is, where each worker has its own. */
export type Told = {
  readonly fate: 'ran' | 'skipped' | 'missed';
  readonly runId?: string;
  readonly worker?: string;
  readonly evidence: string;
};

const isOfTick = (trigger: string | undefined): boolean => trigger === 'schedule' || trigger === 'catchUp';

/** All that is told of the ticks of a job, by fire time (ms). A run is told once, however many events it has. `ticks`: those that a range may stand for. */
export const toldTicks = (
  job: string,
  { events }: Pick<History, 'events'>,
  ticks: readonly number[],
): ReadonlyMap<number, readonly Told[]> => {
  const told = new Map<number, Told[]>();
  const tell = (at: number, one: Told): void => {
    told.set(at, [...(told.get(at) ?? []), one]);
  };
  const runs = new Map<string, { readonly at: number; readonly told: Told }>();
  for (const event of events) {
    if (event.type === 'unknown' || event.job !== job) continue;
    switch (event.type) {
      case 'claimed':
      case 'lost':
      case 'dropped': {
        if (!isOfTick(event.trigger) || event.fireTime === undefined) break;
        const known = runs.get(event.runId)?.told;
        const hasRun = known?.fate === 'ran' || event.type !== 'dropped' || event.attempt > 1;
        const worker = known?.worker ?? ('worker' in event ? event.worker : undefined);
        runs.set(event.runId, {
          at: toMs(event.fireTime),
          told: {
            fate: hasRun ? 'ran' : 'skipped',
            runId: event.runId,
            evidence: `${event.type} ${event.runId} (${event.trigger ?? ''})`,
            ...(worker !== undefined && { worker }),
          },
        });
        break;
      }
      case 'tickSkipped':
        tell(toMs(event.fireTime), {
          fate: 'skipped',
          evidence: `tickSkipped ${event.reason}`,
          ...(event.of !== undefined && { worker: event.of }),
        });
        break;
      case 'ticksMissed': {
        const [from, to] = [toMs(event.from), toMs(event.to)];
        for (const at of ticks)
          if (at >= from && at <= to)
            tell(at, {
              fate: event.fate ?? 'missed',
              evidence: `ticksMissed ${event.from} to ${event.to} ${event.reason}`,
              ...(event.of !== undefined && { worker: event.of }),
            });
        break;
      }
      default:
    }
  }
  for (const { at, told: one } of runs.values()) tell(at, one);
  return told;
};
