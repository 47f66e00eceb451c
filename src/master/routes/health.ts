import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { offsetInWords, type ClockStanding } from '../../domain/clock-offset.ts';
import { knowsLess } from '../../domain/rules.ts';
import type { Rules } from '../../domain/values.ts';
import { sleep } from '../../streams/clock.ts';
import type { ClusterClock } from '../cluster-clock.ts';
import type { Parts } from '../parts.ts';
import type { Seen } from '../seen.ts';
import { spoolsOf, spoolWarnings } from '../spools.ts';
import { running } from '../views.ts';
import type { Store } from '../problems.ts';
import type { Freed } from '../upkeep.ts';

export type HealthParts = Parts & {
  readonly isLeader: () => boolean;
  readonly clusterClock: ClusterClock;
  /** By what this master computes fire times. */
  readonly rules: Rules;
  readonly freed: () => Freed;
};

const READY_MS = 2_000;

const Stores = Type.Object({ coordination: Type.Boolean(), runLog: Type.Boolean() });
const Ready = Type.Object({
  ready: Type.Boolean(),
  stores: Stores,
  feeds: Type.Record(Type.String(), Type.Boolean()),
  leader: Type.Boolean(),
  /** What is missing, in words. */
  missing: Type.Array(Type.String()),
  /** What is wrong in the cluster, in words; this master serves all the same. */
  warnings: Type.Array(Type.String()),
  /** How far the clock of this master is ahead of the median of all; absent while it has heard of no other. */
  clockOffsetMs: Type.Optional(Type.Integer()),
});

/** Alive, ready, and in numbers. Public: none of it tells of jobs. */
export const healthRoutes: FastifyPluginAsyncTypebox<HealthParts> = async (
  app,
  { projection, stores, keys, clock, version, isLeader, clusterClock, rules, freed },
) => {
  app.get('/healthz', { schema: { summary: 'Alive', tags: ['health'] } }, async () => ({ status: 'alive', version }));

  /** Who asks whether we are ready does not wait for long. */
  const answersNow = (ask: () => Promise<unknown>): Promise<boolean> =>
    Promise.race([
      ask().then(
        () => true,
        () => false,
      ),
      sleep(READY_MS, clock).then(() => false),
    ]);

  app.get(
    '/readyz',
    { schema: { summary: 'Stores in reach, feeds in sync', tags: ['health'], response: { 200: Ready, 503: Ready } } },
    async (_request, reply) => {
      const [coordination, runLog] = await Promise.all([
        answersNow(() => stores.coordination.transact({ then: [{ type: 'get', key: keys.meta }] })),
        answersNow(() => stores.runLog.ping()),
      ]);
      const feeds = projection.states();
      const away: readonly Store[] = [...(coordination ? [] : ['coordination' as const]), ...(runLog ? [] : ['runLog' as const])];
      const missing = [
        ...away.map((store) => `the ${store === 'runLog' ? 'run log' : 'coordination store'} does not answer`),
        ...Object.entries(feeds).flatMap(([name, isInSync]) => (isInSync ? [] : [`the feed of ${name} is not in sync`])),
        ...(clusterClock.isOff()
          ? [`the clock of this master is ${offsetInWords(clusterClock.state().offsetMs)}: it neither leads nor saves schedules`]
          : []),
      ];
      const { standing, offsetMs } = clusterClock.state();
      const warnings = warningsOf(projection.seen, {
        now: clock.now(),
        standing,
        offsetMs,
        settles: !isLeader() || !knowsLess(rules, projection.seen.workers.values()),
      });
      const ready = missing.length === 0;
      return reply.code(ready ? 200 : 503).send({
        ready,
        stores: { coordination, runLog },
        feeds,
        leader: isLeader(),
        missing,
        warnings,
        ...(standing === 'unknown' ? {} : { clockOffsetMs: offsetMs }),
      });
    },
  );

  app.get('/metrics', { schema: { summary: 'For Prometheus', tags: ['health'] } }, async (_request, reply) => {
    const { seen } = projection;
    const spools = spoolsOf(seen.workers.values(), clock.now());
    const { heapUsed, rss } = process.memoryUsage();
    const lines = [
      gauge('jobs', 'Jobs that this master knows', seen.jobs.size),
      gauge('jobs_broken', 'Jobs whose value cannot be used', [...seen.jobs.values()].filter(({ known }) => !known).length),
      gauge('runs_running', 'Live runs', running([...seen.runs.values()]).length),
      gauge('runs_queued', 'Queued runs', seen.queue.size),
      gauge('workers', 'Workers that are alive', seen.workers.size),
      gauge('leader', 'Whether this master leads', Number(isLeader())),
      gauge('feeds_in_sync', 'Feeds of this master in sync', Object.values(projection.states()).filter(Boolean).length),
      gauge('revision', 'Newest revision of the coordination store that was heard of', projection.position()),
      gauge('workers_skewed', 'Workers that take nothing because their clock is off', skewedIn(seen)),
      gauge('cursors_ahead', 'Jobs whose cursor is ahead of time', seen.warnings.size),
      gauge('clock_offset_ms', 'How far the clock of this master is ahead of the median of all', clusterClock.state().offsetMs),
      gauge('spool_bytes', 'What the spools of all workers take on their disks', spools.bytes),
      gauge('spools_filling', 'Workers whose spool is above three quarters of its limit', spools.filling),
      gauge('spool_cut_bytes', 'Output that workers have thrown away since their start: their spool was full', spools.cutBytes),
      gauge('spool_waiting_runs', 'Ended runs that wait in spools for the run log', spools.waiting),
      gauge('spool_oldest_seconds', 'For how long the first of them has waited', Math.round(spools.oldestMs / 1_000)),
      gauge(
        'outbox_items',
        'Events of skipped ticks and changed jobs that wait in the coordination store for the run log',
        seen.outboxEvents(),
      ),
      gauge('events_set_aside', 'Events that the run log refused and that wait in spools for a person', spools.setAside),
      counter('retention_runs_total', 'Runs that this master removed from the run log since its start', freed().runs),
      counter('retention_events_total', 'Events that this master removed from the run log since its start', freed().events),
      gauge('heap_bytes', 'Heap in use', heapUsed),
      gauge('resident_bytes', 'Resident memory', rss),
    ];
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(lines.join(''));
  });
};

const skewedIn = ({ workers }: Seen): number => [...workers.values()].filter(({ skewed }) => skewed === true).length;

/** Some 5 MB in the coordination store, whose own limit is 2 GB where nobody has set another. */
const MANY_IN_OUTBOX = 10_000;

/** What is wrong, in words that name neither jobs nor hosts: everybody may read them. */
const warningsOf = (
  seen: Seen,
  {
    now,
    standing,
    offsetMs,
    settles,
  }: { readonly now: number; readonly standing: ClockStanding; readonly offsetMs: number; readonly settles: boolean },
): string[] => {
  const skewed = skewedIn(seen);
  const old = [...seen.workers.values()].filter(({ rules }) => knowsLess(rules, seen.workers.values())).length;
  const ahead = seen.warnings.size;
  return [
    ...spoolWarnings(spoolsOf(seen.workers.values(), now)),
    ...(seen.outboxEvents() >= MANY_IN_OUTBOX
      ? [
          `${String(seen.outboxEvents())} events wait in the coordination store for the run log: it fills up where the run log stays away`,
        ]
      : []),
    ...(standing === 'unsure'
      ? [`the clock of this master is ${offsetInWords(offsetMs)}, and too few agree to say which is right`]
      : []),
    ...(skewed > 0 ? [`${String(skewed)} worker(s) take nothing: their clocks are off (see the workers page)`] : []),
    ...(old > 0
      ? [`${String(old)} worker(s) have older schedule rules or time zone data than others and leave the ticks to them`]
      : []),
    ...(ahead > 0 ? [`${String(ahead)} job(s) have a cursor ahead of time and do not run until it is set back`] : []),
    ...(settles
      ? []
      : ['this leader has older schedule rules or time zone data than a worker: it settles no ticks until it is upgraded']),
  ];
};

const metric =
  (kind: 'gauge' | 'counter') =>
  (name: string, help: string, value: number): string =>
    `# HELP cronstream_${name} ${help}\n# TYPE cronstream_${name} ${kind}\ncronstream_${name} ${String(value)}\n`;
const [gauge, counter] = [metric('gauge'), metric('counter')];
