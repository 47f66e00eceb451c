import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { speak } from '../language.ts';
import type { Parts } from '../parts.ts';
import { answers, ById, ByName, closed } from './shared.ts';

const Texts = Type.Record(Type.String(), Type.String({ maxLength: 100_000 }));
const RunNow = Type.Object(
  {
    params: Type.Optional(Texts),
    env: Type.Optional(Texts),
    worker: Type.Optional(Type.String({ minLength: 1, description: 'Name or id: no other takes it' })),
    fireTime: Type.Optional(Type.String({ description: 'ISO 8601; now if absent' })),
  },
  closed,
);

/** What people ask of runs. A body may be left out. */
export const orderRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { orders }) => {
  app.post(
    '/jobs/:name/run',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Run a job now',
        description:
          'Answers runId, or under placement "all" runIds, one a worker. A busy job follows its overlap policy: skip refuses (409, code overlap), queue lets the run wait, replace kills the one that runs. Where no live worker may run the job now the run is queued all the same, and warning says so.',
        tags: ['jobs'],
        params: ByName,
        body: Type.Union([RunNow, Type.Null()]),
        response: answers(
          {
            202: Type.Object({
              runId: Type.String(),
              runIds: Type.Optional(Type.Array(Type.String())),
              warning: Type.Optional(Type.String()),
            }),
          },
          400,
          404,
          409,
        ),
      },
    },
    async ({ params, body, identity, headers }, reply) => {
      const runIds = await orders.run(params.name, body ?? {}, identity.name);
      const warning = orders.warning(params.name, body ?? {}, speak(headers, reply));
      return reply.code(202).send({
        runId: runIds[0] ?? '',
        ...(runIds.length > 1 && { runIds: [...runIds] }),
        ...(warning !== undefined && { warning }),
      });
    },
  );

  app.post(
    '/jobs/:name/backfill',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Run the ticks of a time that is over',
        description:
          'All ticks from `from` to `to`, both included, one by one, oldest first, whatever became of them before. The runs have the trigger backfill; runId names what waits, and kills it; under placement "all" runIds do, one a worker.',
        tags: ['jobs'],
        params: ByName,
        body: Type.Object(
          {
            from: Type.String({ description: 'ISO 8601' }),
            to: Type.String({ description: 'ISO 8601' }),
            dryRun: Type.Optional(Type.Boolean({ description: 'Only count: nothing is queued, and there is no runId' })),
          },
          closed,
        ),
        response: answers(
          {
            202: Type.Object({
              count: Type.Integer(),
              first: Type.String(),
              last: Type.String(),
              runId: Type.Optional(Type.String()),
              runIds: Type.Optional(Type.Array(Type.String())),
            }),
          },
          400,
          404,
          409,
        ),
      },
    },
    async ({ params, body, identity }, reply) => reply.code(202).send(await orders.backfill(params.name, body, identity.name)),
  );

  app.post(
    '/jobs/:name/kill',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Kill what runs and what waits of a job',
        description: 'Kept until the end of the runs confirms it.',
        tags: ['jobs'],
        params: ByName,
        response: answers({ 202: Type.Object({ runIds: Type.Array(Type.String()) }) }, 404, 409),
      },
    },
    async ({ params, identity }, reply) => reply.code(202).send({ runIds: await orders.killJob(params.name, identity.name) }),
  );

  app.post(
    '/runs/:id/kill',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'Kill a run',
        description:
          'Kept until the run’s end confirms it. A queued run is dropped. Of a run that was abandoned (timeout) the command is killed that still runs: kept until its end confirms it, for a day at most.',
        tags: ['runs'],
        params: ById,
        response: answers({ 202: Type.Object({ runId: Type.String() }) }, 404, 409),
      },
    },
    async ({ params, identity }, reply) => {
      await orders.killRun(params.id, identity.name);
      return reply.code(202).send({ runId: params.id });
    },
  );

  app.post(
    '/runs/:id/free',
    {
      config: { role: 'operator' },
      schema: {
        summary: 'End as lost a run whose host is gone, where nobody else may (lostAfterMs: "never")',
        tags: ['runs'],
        params: ById,
        response: answers({ 202: Type.Object({ runId: Type.String() }) }, 404, 409),
      },
    },
    async ({ params, identity }, reply) => {
      await orders.free(params.id, identity.name);
      return reply.code(202).send({ runId: params.id });
    },
  );
};
