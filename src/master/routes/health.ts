import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { sleep } from '../../streams/clock.ts';
import type { Parts } from '../parts.ts';
import { running } from '../views.ts';
import type { Store } from '../problems.ts';

export type HealthParts = Parts & { readonly isLeader: () => boolean };

const READY_MS = 2_000;

const Stores = Type.Object({ coordination: Type.Boolean(), runLog: Type.Boolean() });
const Ready = Type.Object({
  ready: Type.Boolean(),
  stores: Stores,
  feeds: Type.Record(Type.String(), Type.Boolean()),
  leader: Type.Boolean(),
  /** What is missing, in words. */
  missing: Type.Array(Type.String()),
});

/** Alive, ready, and in numbers. Public: none of it tells of jobs. */
export const healthRoutes: FastifyPluginAsyncTypebox<HealthParts> = async (
  app,
  { projection, stores, keys, clock, version, isLeader },
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
      ];
      const ready = missing.length === 0;
      return reply.code(ready ? 200 : 503).send({ ready, stores: { coordination, runLog }, feeds, leader: isLeader(), missing });
    },
  );

  app.get('/metrics', { schema: { summary: 'For Prometheus', tags: ['health'] } }, async (_request, reply) => {
    const { seen } = projection;
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
      gauge('heap_bytes', 'Heap in use', heapUsed),
      gauge('resident_bytes', 'Resident memory', rss),
    ];
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(lines.join(''));
  });
};

const gauge = (name: string, help: string, value: number): string =>
  `# HELP cronstream_${name} ${help}\n# TYPE cronstream_${name} gauge\ncronstream_${name} ${String(value)}\n`;
