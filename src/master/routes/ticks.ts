import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { isInstant } from '../../domain/instant.ts';
import { defined } from '../../domain/run.ts';
import type { Place } from '../../domain/timeline.ts';
import { page, PlacementView, TickView, WhyView } from '../../domain/wire.ts';
import { speak } from '../language.ts';
import type { Parts } from '../parts.ts';
import { placementViews } from '../placement-view.ts';
import { badField, noSuchJob, refused } from '../problems.ts';
import { answers, asOf, ByName, closed, instant, limit } from './shared.ts';

const TicksQuery = Type.Object(
  {
    from: Type.Optional(Type.String({ description: 'Fire time from, ISO 8601; a day before now or `to` if absent' })),
    to: Type.Optional(Type.String({ description: 'Fire time to, ISO 8601; the next ten that come if absent' })),
    cursor: Type.Optional(Type.String()),
    limit: limit(500),
  },
  closed,
);

type Cursor = { readonly before: Place; readonly from: number };

const toCursor = ({ before: { at, id }, from }: Cursor): string =>
  Buffer.from(JSON.stringify([at, id, from])).toString('base64url');

const fromCursor = (text: string): Cursor => {
  try {
    const [at, id, from] = JSON.parse(Buffer.from(text, 'base64url').toString()) as readonly unknown[];
    if (isInstant(at) && typeof id === 'string' && typeof from === 'number' && Number.isSafeInteger(from))
      return { before: { at, id }, from };
  } catch {
    // told below
  }
  throw badField('/cursor', 'invalid', 'not a cursor of this list');
};

/** What became of a job's ticks and what will come, and who would take them. */
export const tickRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { timelines, why, projection, clock }) => {
  app.get(
    '/jobs/:name/ticks',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'What became of the ticks of a job, and which come',
        description:
          'One list, the newest fire time first: `coming` (nobody has decided the tick yet), `waiting` (a queued run), `ran`, `skipped` (somebody decided so: `reason`), `missed` (nobody could: `reason`). Missed ticks come as a range from `fireTime` to `to` of `count` ticks, which stands where its last tick does. It tells what is on record: ticks whose records were removed by the retention of the run log, or have not reached it yet, are not in the list.',
        tags: ['jobs'],
        params: ByName,
        querystring: TicksQuery,
        response: answers({ 200: page(TickView) }, 400, 404),
      },
    },
    async ({ params: { name }, query: { from, to, cursor, limit: most = 100 }, headers }, reply) => {
      const position = asOf(projection);
      const [start, end] = [instant('/from', from), instant('/to', to)];
      if (start !== undefined && end !== undefined && start > end)
        throw badField('/to', 'invalid', 'the window ends before it begins');
      const after = cursor === undefined ? undefined : fromCursor(cursor);
      const found = await timelines.page(name, {
        limit: most,
        now: clock.now(),
        language: speak(headers, reply),
        ...defined({ from: start ?? after?.from, to: end, before: after?.before }),
      });
      return {
        items: [...found.items],
        asOf: position,
        ...(found.next && { nextCursor: toCursor({ before: found.next, from: found.from }) }),
      };
    },
  );

  app.get(
    '/jobs/:name/why',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Why a job ran, or did not, at an instant',
        description:
          'The tick at that instant, else the one on record that is nearest, and a sentence (`Accept-Language`: en, zh). `at` is `03:00` (the last one by the clock of the job’s time zone), `2027-01-31T03:00` (in that zone), or an instant with `Z` or an offset. Where no tick was, the sentence tells why: the job was not there, was off, or its schedule of that time named another.',
        tags: ['jobs'],
        params: ByName,
        querystring: Type.Object({ at: Type.String({ description: 'The time that is asked about' }) }, closed),
        response: answers({ 200: WhyView }, 400, 404),
      },
    },
    async ({ params: { name }, query: { at }, headers }, reply) => {
      const { items, ...told } = await why({ name, at, now: clock.now(), language: speak(headers, reply) });
      return { ...told, items: [...items] };
    },
  );

  app.get(
    '/jobs/:name/placement',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Which workers would take a tick of a job now, and why the others would not',
        description:
          'A worker that is `full` makes the tick a queued run, for whoever has room first. One that is `draining` takes nothing new. `name`: the job names its workers, and this is none of them. `labels`: it has not all labels of the job; `missing` says which.',
        tags: ['jobs'],
        params: ByName,
        response: answers({ 200: page(PlacementView) }, 404, 409),
      },
    },
    async ({ params: { name } }) => {
      const position = asOf(projection);
      const job = projection.seen.jobs.get(name);
      if (!job) throw noSuchJob(name);
      if (!job.known)
        throw refused(409, 'broken', 'The stored job is broken', { detail: `No worker takes it. ${job.broken ?? ''}` });
      const items = placementViews(projection.seen, job.known.job);
      return { items, total: items.length, asOf: position };
    },
  );
};
