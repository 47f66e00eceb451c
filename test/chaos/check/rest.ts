import type { StoredRunEvent } from '../../../src/domain/events.ts';
import type { History, Violation } from '../history.ts';

type Ending = Extract<StoredRunEvent, { type: 'finished' | 'lost' | 'dropped' }>;
/** Not where a further attempt follows. */
const isEnd = (event: StoredRunEvent): event is Ending =>
  event.type === 'finished' || event.type === 'dropped' || (event.type === 'lost' && event.nextAttemptAt === undefined);

/** P5: each kill that was accepted is confirmed by the end of its run. */
export const checkKills = ({ kills, events }: History): readonly Violation[] => {
  const ended = new Set(events.flatMap((event) => (isEnd(event) ? [event.runId] : [])));
  return kills
    .filter(({ runId }) => !ended.has(runId))
    .map(({ job, runId }) => ({
      promise: 'P5',
      what: `a kill of ${job} was accepted, and the run has no end`,
      evidence: [runId, ...events.filter((event) => 'runId' in event && event.runId === runId).map(({ type }) => type)],
    }));
};

const KINDS = ['lock', 'runs', 'killer', 'queue', 'outbox'] as const;

/** After healing, with all jobs disabled: nothing of a run is left in etcd, no command lives, and every master shows what etcd says. */
export const checkIdle = ({ dump, views, alive }: History): readonly Violation[] => {
  const left = KINDS.flatMap((kind) => {
    const keys = dump.filter(({ key }) => key.startsWith(`/${kind}/`));
    return keys.length === 0
      ? []
      : [
          {
            promise: 'idle',
            what: `${String(keys.length)} keys are left under ${kind}/`,
            evidence: keys.slice(0, 5).map(({ key, value }) => `${key} ${value}`),
          },
        ];
  });
  const living =
    alive.length === 0
      ? []
      : [{ promise: 'P2', what: `${String(alive.length)} commands live though nothing runs`, evidence: alive }];
  const namesUnder = (kind: string): readonly string[] =>
    dump
      .filter(({ key }) => key.startsWith(`/${kind}/`))
      .map(({ key }) => key.slice(kind.length + 2))
      .toSorted();
  const jobs = dump
    .filter(({ key }) => key.startsWith('/jobs/'))
    .map(({ key, revision }) => `${key.slice('/jobs/'.length)}@${String(revision)}`)
    .toSorted();
  const differing = views.flatMap((view) =>
    (
      [
        ['jobs', view.jobs, jobs],
        ['workers', view.workers, namesUnder('workers')],
        ['live runs', view.live, []],
      ] as const
    ).flatMap(([what, shown, there]) =>
      JSON.stringify(shown.toSorted()) === JSON.stringify(there)
        ? []
        : [
            {
              promise: 'idle',
              what: `${view.master} shows other ${what} than etcd has`,
              evidence: [`shown: ${shown.join(' ')}`, `etcd: ${there.join(' ')}`],
            },
          ],
    ),
  );
  return [...left, ...living, ...differing];
};

/** What the harness saw by itself. */
export const checkIncidents = ({ incidents }: History): readonly Violation[] =>
  incidents.map((what) => ({ promise: 'none', what, evidence: [] }));
