import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { toInstant } from '../../domain/instant.ts';
import { page, WorkerView } from '../../domain/wire.ts';
import type { Parts } from '../parts.ts';
import { refused } from '../problems.ts';
import { workerView } from '../views.ts';
import { answers, asOf, ById } from './shared.ts';

/** Workers that are alive, and whether they take new runs. */
export const workerRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { projection, stores, keys, clock }) => {
  const { seen } = projection;

  app.get(
    '/workers',
    {
      config: { role: 'viewer' },
      schema: { summary: 'Workers that are alive', tags: ['workers'], response: answers({ 200: page(WorkerView) }) },
    },
    async () => {
      const position = asOf(projection);
      const items = [...seen.workers.values()].map((presence) => workerView(seen, presence));
      return { items: items.sort((a, b) => (a.name < b.name ? -1 : 1)), total: items.length, asOf: position };
    },
  );

  const mustBeAlive = (id: string): void => {
    if (!seen.workers.has(id))
      throw refused(404, 'noSuchWorker', 'There is no such worker', {
        detail: `No worker that is alive has the id "${id.slice(0, 100)}".`,
      });
  };
  const schema = { tags: ['workers'], params: ById, response: answers({ 202: Type.Object({ id: Type.String() }) }, 404) };
  const config = { role: 'operator' } as const;

  app.post(
    '/workers/:id/drain',
    { config, schema: { ...schema, summary: 'Takes nothing new from now on; what runs is finished' } },
    async ({ params: { id }, identity }, reply) => {
      mustBeAlive(id);
      const value = JSON.stringify({ v: 1, at: toInstant(clock.now()), by: identity.name });
      const { revision } = await stores.coordination.transact({ then: [{ type: 'put', key: keys.drain(id), value }] });
      await projection.reached('drains', revision);
      return reply.code(202).send({ id });
    },
  );

  app.post(
    '/workers/:id/resume',
    { config, schema: { ...schema, summary: 'Takes new runs again' } },
    async ({ params: { id } }, reply) => {
      if (!seen.drains.has(id)) mustBeAlive(id);
      const { revision } = await stores.coordination.transact({ then: [{ type: 'delete', key: keys.drain(id) }] });
      await projection.reached('drains', revision);
      return reply.code(202).send({ id });
    },
  );
};
