import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { eventId, type StoredRunEvent } from '../../domain/events.ts';
import { defined } from '../../domain/run.ts';
import { page, RunView } from '../../domain/wire.ts';
import { Outcome } from '../../domain/words.ts';
import { bytesFrom, bytesOf, lastBytes, outputs } from '../output.ts';
import type { Parts } from '../parts.ts';
import { badField } from '../problems.ts';
import { answers, asOf, ById, closed, instant, limit } from './shared.ts';

const OUTCOMES = Outcome.enum.join('|');

const RunsQuery = Type.Object(
  {
    job: Type.Optional(Type.String()),
    outcome: Type.Optional(
      Type.String({
        pattern: `^(${OUTCOMES})(,(${OUTCOMES}))*$`,
        description: `One of ${OUTCOMES}, or several with commas between`,
      }),
    ),
    worker: Type.Optional(Type.String()),
    from: Type.Optional(Type.String({ description: 'Fire time from, ISO 8601' })),
    to: Type.Optional(Type.String({ description: 'Fire time to, ISO 8601' })),
    q: Type.Optional(
      Type.String({
        maxLength: 200,
        description:
          'Text in job name, error or output; of runs that have ended the last 64 kB of the last attempt are looked at',
      }),
    ),
    cursor: Type.Optional(Type.String()),
    limit: limit(500),
  },
  closed,
);

const MOST_TAIL = 16 * 1024 * 1024;
const OutputQuery = Type.Object(
  {
    from: Type.Optional(Type.Integer({ minimum: 0, description: 'First byte, counted over what is asked for' })),
    tail: Type.Optional(Type.Integer({ minimum: 0, maximum: MOST_TAIL, description: 'Only so many bytes at the end' })),
    attempt: Type.Optional(Type.Integer({ minimum: 1, description: 'Only this attempt' })),
    cursor: Type.Optional(Type.String({ description: 'Of the page of chunks before (JSON)' })),
    limit: limit(1_000),
  },
  closed,
);

const EventView = Type.Object(
  { id: Type.String(), type: Type.String(), at: Type.Optional(Type.String()) },
  { additionalProperties: true },
);
const Chunk = Type.Object({
  attempt: Type.Integer(),
  seq: Type.Integer(),
  at: Type.String(),
  offset: Type.Integer(),
  data: Type.String({ description: 'The bytes, in base64' }),
  droppedBytes: Type.Optional(Type.Integer()),
});

/** An event as it is sent: bytes in base64. What a newer version wrote is sent as it is, under its own type. */
export const eventView = (event: StoredRunEvent): { id: string; type: string; [field: string]: unknown } => {
  const id = eventId(event);
  if (event.type === 'unknown') return { ...(typeof event.raw === 'object' ? event.raw : {}), id, type: event.was };
  if (event.type === 'output') return { ...event, id, data: Buffer.from(event.data).toString('base64') };
  return { ...event, id };
};

/** Runs, what happened in them, and what they printed. */
export const runRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { history, projection, stores: { runLog } }) => {
  const schema = { tags: ['runs'] };
  const config = { role: 'viewer' } as const;

  app.get(
    '/runs',
    {
      config,
      schema: {
        ...schema,
        summary: 'Runs, newest first',
        querystring: RunsQuery,
        response: answers({ 200: page(RunView) }, 400),
      },
    },
    async ({ query: { from, to, limit: most = 50, ...rest } }) => {
      const position = asOf(projection);
      const query = { ...rest, limit: most, ...defined({ from: instant('/from', from), to: instant('/to', to) }) };
      return { ...(await history.list(query)), asOf: position };
    },
  );

  app.get(
    '/runs/:id',
    { config, schema: { ...schema, summary: 'One run', params: ById, response: answers({ 200: RunView }, 404) } },
    ({ params }) => history.get(params.id),
  );

  app.get(
    '/runs/:id/events',
    {
      config,
      schema: {
        ...schema,
        summary: 'What happened in a run, in order',
        params: ById,
        querystring: Type.Object({ cursor: Type.Optional(Type.String()), limit: limit(1_000) }, closed),
        response: answers({ 200: page(EventView) }, 404),
      },
    },
    async ({ params, query: { cursor, limit: most = 100 } }) => {
      const position = String(projection.position());
      await history.mustExist(params.id);
      const events = await runLog.eventsOf(params.id, { limit: most, ...defined({ after: cursor }) });
      const last = events.at(-1);
      return {
        items: events.map(eventView),
        asOf: position,
        ...(last && events.length === most && { nextCursor: eventId(last) }),
      };
    },
  );

  app.get(
    '/runs/:id/output',
    {
      config,
      schema: {
        ...schema,
        summary: 'What a run printed',
        description:
          'text/plain: the exact bytes, attempts one after the other; where bytes were dropped (outputLimitBytes, --spool-limit) a line says how many: `[cronstream: 123 bytes were dropped here]`. It counts in `from` and `tail`. Accept: application/json gives numbered chunks, with `droppedBytes` in place of such a line.',
        params: ById,
        querystring: OutputQuery,
        produces: ['text/plain', 'application/json'],
        response: answers({ 200: page(Chunk) }, 400, 404),
      },
    },
    async ({ params: { id }, query: { from, tail, attempt, cursor, limit: most = 100 }, headers }, reply) => {
      const wantsChunks = /\bapplication\/json\b/.test(headers.accept ?? '');
      if (!wantsChunks && cursor !== undefined)
        throw badField('/cursor', 'invalid', 'pages are of chunks: send Accept: application/json');
      if (wantsChunks && (from !== undefined || tail !== undefined))
        throw badField(from === undefined ? '/tail' : '/from', 'invalid', 'chunks are paged by cursor');
      if (from !== undefined && tail !== undefined) throw badField('/tail', 'invalid', 'from or tail, not both');
      await history.mustExist(id);
      await history.settled(id);
      if (wantsChunks) {
        const items = [];
        for await (const { attempt: of, seq, at, offset, data, droppedBytes } of outputs(history.eventsOf(id, attempt, cursor))) {
          items.push({ attempt: of, seq, at, offset, data: Buffer.from(data).toString('base64'), ...defined({ droppedBytes }) });
          if (items.length === most) break;
        }
        const last = items.at(-1);
        const nextCursor =
          last && items.length === most
            ? `${id}/${String(last.attempt).padStart(3, '0')}/${String(last.seq).padStart(8, '0')}`
            : undefined;
        return { items, asOf: String(projection.position()), ...defined({ nextCursor }) };
      }
      const asked =
        tail === undefined
          ? bytesFrom(bytesOf(history.eventsOf(id, attempt)), from ?? 0)
          : lastBytes(history.eventsDown(id, attempt), tail);
      return reply.type('text/plain; charset=utf-8').send(Readable.from(asked, { objectMode: false }));
    },
  );
};
