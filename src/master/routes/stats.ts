import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { toInstant } from '../../domain/instant.ts';
import { defined } from '../../domain/run.ts';
import { countsOf, EMPTY_TALLY, HOUR_MS, hourOf, percentile, type Spread, type Tally } from '../../domain/stats.ts';
import { StatsView, type RunView, type SpreadView, type TallyView } from '../../domain/wire.ts';
import type { Parts } from '../parts.ts';
import { badField } from '../problems.ts';
import type { Seen } from '../seen.ts';
import { runView } from '../views.ts';
import { answers, asOf, closed, instant, limit } from './shared.ts';

const DAY_MS = 24 * HOUR_MS;
const MOST_MS = 400 * DAY_MS;

const SORTS = ['failing', 'slowest', 'late', 'runs'] as const;
type Sort = (typeof SORTS)[number];
const ANY_SORT = SORTS.join('|');

const StatsQuery = Type.Object(
  {
    from: Type.Optional(Type.String({ description: 'ISO 8601; a day before `to` if absent. Its whole hour counts' })),
    to: Type.Optional(Type.String({ description: 'ISO 8601; now if absent. Its whole hour counts' })),
    job: Type.Optional(Type.String({ description: 'Of this job alone' })),
    sort: Type.Optional(
      Type.String({
        pattern: `^(${ANY_SORT})(,(${ANY_SORT}))*$`,
        description: `Which jobs come first (failing): one of ${ANY_SORT}, or several with commas between, for the first by each of them`,
      }),
    ),
    limit: limit(1_000),
  },
  closed,
);

/** What runs came to, hour by hour and job by job. */
export const statsRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { hourSums, projection, clock }) => {
  app.get(
    '/stats',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Outcomes, lengths and lateness: in all, by hour, by job',
        description:
          'Read from statistics of whole hours (UTC), which the leader makes of the run log; this hour and those that have changed are computed now (an answer that took long is kept ten times as long, a minute at most). More than 2,000,000 hours of jobs are refused. A run counts in the hour in which it was decided. Percentiles come from a histogram and are at most a fifth off. `lateness` is of runs that the schedule asked for. `jobs` has the first `limit` (20) by `sort`.',
        tags: ['runs'],
        querystring: StatsQuery,
        response: answers({ 200: StatsView }, 400, 503),
      },
    },
    async ({ query: { from, to, job, sort = 'failing', limit: most = 20 } }) => {
      const position = asOf(projection);
      const end = instant('/to', to) ?? clock.now();
      const start = instant('/from', from) ?? end - DAY_MS;
      if (start > end) throw badField('/to', 'invalid', 'the window ends before it begins');
      if (end - start > MOST_MS) throw badField('/from', 'invalid', 'at most 400 days at once');
      const { total, hours, jobs } = await hourSums.between({ from: start, to: end, ...defined({ job }) });
      const firsts = sortsIn(sort).flatMap((by) => firstBy(by, [...jobs], most));
      const all: { at: string; tally: Tally }[] = [];
      for (let hour = hourOf(start); hour < end; hour += HOUR_MS)
        all.push({ at: toInstant(hour), tally: hours.get(hour) ?? EMPTY_TALLY });
      return {
        from: toInstant(hourOf(start)),
        to: toInstant(Math.ceil(end / HOUR_MS) * HOUR_MS),
        total: tallyView(total),
        hours: all.map(({ at, tally }) => ({ at, ...tallyView(tally) })),
        // Who is first by several is told once.
        jobs: [...new Map(firsts)].map(([name, tally]) => ({ job: name, ...tallyView(tally) })),
        overdue: overdueIn(projection.seen, job),
        asOf: position,
      };
    },
  );
};

/** The first of them: more than one looks at say the same. */
const MOST_OVERDUE = 50;
const overdueIn = (seen: Seen, job: string | undefined): readonly RunView[] =>
  [...seen.runs.values()]
    .filter(({ live }) => live.overdueAt !== undefined && live.state !== 'ended')
    .map((run) => runView(seen, run))
    .filter((run) => job === undefined || run.job === job)
    .toSorted((a, b) => ((a.overdueAt ?? '') < (b.overdueAt ?? '') ? -1 : 1))
    .slice(0, MOST_OVERDUE);

const sortsIn = (text: string): readonly Sort[] => SORTS.filter((each) => text.split(',').includes(each));

const firstBy = (sort: Sort, jobs: readonly [string, Tally][], most: number): readonly [string, Tally][] =>
  jobs.toSorted((a, b) => weightOf(sort, b[1]) - weightOf(sort, a[1]) || (a[0] < b[0] ? -1 : 1)).slice(0, most);

const weightOf = (sort: Sort, tally: Tally): number => {
  switch (sort) {
    case 'failing':
      return countsOf(tally).failing;
    case 'slowest':
      return percentile(tally.duration, 0.95) ?? -1;
    case 'late':
      return percentile(tally.lateness, 0.95) ?? -1;
    case 'runs':
      return countsOf(tally).runs;
    default:
      return sort satisfies never;
  }
};

const tallyView = (tally: Tally): TallyView => ({
  ...countsOf(tally),
  outcomes: { ...tally.outcomes },
  ...defined({ duration: spreadView(tally.duration), lateness: spreadView(tally.lateness) }),
});

const spreadView = (spread: Spread): SpreadView | undefined => {
  const { count, sum, min, max } = spread;
  if (count === 0) return undefined;
  const at = (part: number): number => percentile(spread, part) ?? 0;
  return { count, sum, min, max, mean: Math.round(sum / count), p50: at(0.5), p95: at(0.95), p99: at(0.99) };
};
