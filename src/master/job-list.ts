import { hasWords, textsOfJob } from '../domain/search.ts';
import type { JobView } from '../domain/wire.ts';
import type { Language } from '../domain/words.ts';
import { badField } from './problems.ts';
import type { Seen, SeenJob } from './seen.ts';
import { jobView, nextFireOf } from './views.ts';

export type JobsQuery = {
  readonly q?: string;
  readonly tag?: string;
  readonly enabled?: boolean;
  readonly outcome?: string;
  readonly sort?: string;
  readonly cursor?: string;
  readonly limit?: number;
};

export const SORTS = ['name', 'nextFireTime', 'lastRun'] as const;
type Sort = (typeof SORTS)[number];
type Order = { readonly by: Sort; readonly isDown: boolean };
/** Where a job stands in an order: those without the value come last, either way. */
type Place = { readonly value: string | number | undefined; readonly name: string };

const matches = (seen: Seen, { q, tag, enabled, outcome }: JobsQuery): ((job: SeenJob) => boolean) => {
  const hasAsked = hasWords(q);
  return (job) =>
    (enabled === undefined || (job.known ? job.known.job.enabled === enabled : !enabled)) &&
    (tag === undefined || (Array.isArray(job.raw['tags']) && (job.raw['tags'] as unknown[]).includes(tag))) &&
    (outcome === undefined || seen.lasts.get(job.name)?.outcome === outcome) &&
    hasAsked(textsOfJob(job.raw));
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const compare =
  ({ isDown }: Order) =>
  (a: Place, b: Place): number => {
    if (a.value === undefined || b.value === undefined) {
      if (a.value !== undefined) return -1;
      if (b.value !== undefined) return 1;
      return compareText(a.name, b.name);
    }
    const order = a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
    return order === 0 ? compareText(a.name, b.name) : isDown ? -order : order;
  };

const placeOf =
  (seen: Seen, { by }: Order, now: number) =>
  (job: SeenJob): Place => {
    switch (by) {
      case 'name':
        return { value: job.name, name: job.name };
      case 'nextFireTime':
        return { value: nextFireOf(job, now), name: job.name };
      case 'lastRun':
        return { value: seen.lasts.get(job.name)?.endedAt, name: job.name };
      default:
        return by satisfies never;
    }
  };

const orderOf = (sort = 'name'): Order => {
  const isDown = sort.startsWith('-');
  const by = SORTS.find((each) => each === (isDown ? sort.slice(1) : sort));
  if (!by) throw badField('/sort', 'invalid', `sort by one of ${SORTS.join(', ')}, with "-" in front for the other way round`);
  return { by, isDown };
};

const toCursor = ({ value, name }: Place): string => Buffer.from(JSON.stringify([value ?? null, name])).toString('base64url');

const fromCursor = (text: string): Place => {
  try {
    const [value, name] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [string | number | null, string];
    if (typeof name === 'string') return { value: value ?? undefined, name };
  } catch {
    // told below
  }
  throw badField('/cursor', 'invalid', 'not a cursor of this list');
};

/** One page of the jobs that match: searched, sorted and cut without a look into the store. */
export const listJobs = (
  seen: Seen,
  query: JobsQuery,
  now: number,
  language?: Language,
): { readonly items: readonly JobView[]; readonly nextCursor?: string; readonly total: number } => {
  const order = orderOf(query.sort);
  const place = placeOf(seen, order, now);
  const inOrder = compare(order);
  const found = [...seen.jobs.values()].filter(matches(seen, query)).map((job) => ({ job, place: place(job) }));
  const after = query.cursor === undefined ? undefined : fromCursor(query.cursor);
  const rest = after ? found.filter((each) => inOrder(each.place, after) > 0) : found;
  rest.sort((a, b) => inOrder(a.place, b.place));
  const page = rest.slice(0, query.limit ?? 100);
  const last = page.at(-1);
  return {
    items: page.map(({ job }) => jobView(seen, job, now, language)),
    total: found.length,
    ...(last && rest.length > page.length && { nextCursor: toCursor(last.place) }),
  };
};
