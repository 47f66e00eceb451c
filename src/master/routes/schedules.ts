import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { toMs } from '../../domain/instant.ts';
import { Overlap, overlapPolicyOf } from '../../domain/job.ts';
import type { Measured } from '../../domain/overlap.ts';
import { explainSchedule } from '../../domain/schedule/explain.ts';
import { percentile } from '../../domain/stats.ts';
import { speak } from '../language.ts';
import type { Parts } from '../parts.ts';
import { badField, badInput } from '../problems.ts';
import { answers, closed } from './shared.ts';

const Asked = Type.Object(
  {
    cronExpr: Type.String({ maxLength: 10_000 }),
    timezone: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    dst: Type.Optional(Type.Enum(['auto', 'skip', 'both'])),
    name: Type.Optional(
      Type.String({
        maxLength: 256,
        description:
          'Of the job: H and the jitter depend on it. Where it has run, a warning says if its runs take longer than its fire times are apart, and what its overlap policy makes of that',
      }),
    ),
    startAt: Type.Optional(Type.String({ maxLength: 40 })),
    endAt: Type.Optional(Type.String({ maxLength: 40 })),
    jitterMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 8_640_000_000 })),
    overlap: Type.Optional(Overlap),
    from: Type.Optional(Type.String({ description: 'ISO 8601; now if absent' })),
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  },
  closed,
);
const Explained = Type.Object({
  description: Type.String(),
  fires: Type.Array(Type.Object({ at: Type.String(), note: Type.Optional(Type.String()) })),
  warnings: Type.Array(Type.String()),
  mayOverlap: Type.Optional(
    Type.String({ description: 'The one of the warnings that is about runs which take longer than the fire times are apart' }),
  ),
});

const WEEK_MS = 7 * 86_400_000;
/** What is measured changes slowly, and who types asks at every stroke. */
const KEPT_MS = 60_000;
const MOST_KEPT = 500;

/** What a schedule means, before it is saved. */
export const scheduleRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { clock, timezone: usual, projection, hourSums }) => {
  const kept = new Map<string, { readonly at: number; readonly measured: Measured | undefined }>();
  /** How long the runs of a job took in the last week. A run log that is away keeps nobody from an explanation. */
  const measuredOf = async (job: string): Promise<Measured | undefined> => {
    if (!projection.seen.jobs.has(job)) return undefined;
    const now = clock.now();
    const known = kept.get(job);
    if (known && now - known.at < KEPT_MS && now >= known.at) return known.measured;
    const found = await hourSums.between({ from: now - WEEK_MS, to: now, job }).catch(() => undefined);
    if (!found) return undefined;
    const { duration } = found.total;
    const p95 = percentile(duration, 0.95);
    const measured = p95 === undefined ? undefined : { count: duration.count, p95 };
    kept.delete(job);
    const [oldest] = kept.keys();
    if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(job, { at: now, measured });
    return measured;
  };

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
    async ({ body: { from, count, overlap, ...text }, headers }, reply) => {
      const start = from === undefined ? clock.now() : toMs(from);
      if (Number.isNaN(start)) throw badField('/from', 'invalid', 'not an instant, as 2027-01-31T09:00:00Z');
      const { name } = text;
      const own =
        name === undefined
          ? undefined
          : {
              measured: await measuredOf(name),
              // As it is asked about; else as it is saved.
              overlap:
                overlap === undefined ? (projection.seen.jobs.get(name)?.known?.job.overlap ?? 'skip') : overlapPolicyOf(overlap),
            };
      const explained = explainSchedule({ timezone: usual, ...text }, start, count, speak(headers, reply), own);
      if (!explained.ok) throw badInput(explained.problems);
      return explained.value;
    },
  );
};
