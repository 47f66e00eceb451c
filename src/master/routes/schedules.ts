import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { toMs } from '../../domain/instant.ts';
import { explainSchedule } from '../../domain/schedule/explain.ts';
import { speak } from '../language.ts';
import type { Parts } from '../parts.ts';
import { badField, badInput } from '../problems.ts';
import { answers, closed } from './shared.ts';

const Asked = Type.Object(
  {
    cronExpr: Type.String({ maxLength: 10_000 }),
    timezone: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    dst: Type.Optional(Type.Enum(['auto', 'skip', 'both'])),
    name: Type.Optional(Type.String({ maxLength: 256, description: 'Of the job: H depends on it' })),
    startAt: Type.Optional(Type.String({ maxLength: 40 })),
    endAt: Type.Optional(Type.String({ maxLength: 40 })),
    jitterMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 8_640_000_000 })),
    from: Type.Optional(Type.String({ description: 'ISO 8601; now if absent' })),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  },
  closed,
);
const Explained = Type.Object({
  description: Type.String(),
  fires: Type.Array(Type.Object({ at: Type.String(), note: Type.Optional(Type.String()) })),
  warnings: Type.Array(Type.String()),
});

/** What a schedule means, before it is saved. */
export const scheduleRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { clock, timezone: usual }) => {
  app.post(
    '/schedules/explain',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'What a schedule means, and when it fires next',
        tags: ['schedules'],
        body: Asked,
        response: answers({ 200: Explained }, 400),
      },
    },
    async ({ body: { from, count, ...text }, headers }, reply) => {
      const start = from === undefined ? clock.now() : toMs(from);
      if (Number.isNaN(start)) throw badField('/from', 'invalid', 'not an instant, as 2027-01-31T09:00:00Z');
      const explained = explainSchedule({ timezone: usual, ...text }, start, count, speak(headers, reply));
      if (!explained.ok) throw badInput(explained.problems);
      return explained.value;
    },
  );
};
