import { isDeepStrictEqual } from 'node:util';
import { isShallow } from '../seen.ts';
import { checkKept, type Plan, type Planned, type Raw, type Verdict } from './plan.ts';

/** What a list of jobs asks for, as an export writes it. With a source each is marked, so that a later import can prune. */
export const planJobs = (jobs: readonly unknown[], source: string | undefined, isDisabled: boolean): Plan => {
  const tag = source === undefined ? undefined : `import:${source}`;
  const names = new Set<string>();
  const unread: string[] = [];
  const items = jobs.map((job, index): Planned => {
    const place = `jobs[${String(index)}]`;
    const told = (reason: string): Planned => ({ is: 'told', item: { action: 'refused', reason: `${place}: ${reason}` } });
    const name = isObject(job) ? job['name'] : undefined;
    if (!isObject(job) || typeof name !== 'string') {
      unread.push(place);
      return told(isObject(job) ? 'the job has no name' : 'not a job: it is no JSON object');
    }
    if (names.has(name))
      return { is: 'told', item: { name, action: 'refused', reason: `${place}: a job before it has this name` } };
    names.add(name);
    return { is: 'job', name, warnings: [], decide: (stored) => decide(job, stored, tag, isDisabled) };
  });
  return { items, format: 'jobs', tag, names, unread };
};

const decide = (job: Raw, stored: Raw | undefined, tag: string | undefined, isDisabled: boolean): Verdict => {
  if (!isShallow(job)) return { is: 'refused', reason: 'it is nested too deeply' };
  const tags = Array.isArray(job['tags']) ? (job['tags'] as readonly unknown[]) : [];
  const value = {
    ...job,
    ...(tag === undefined || tags.includes(tag) ? {} : { tags: [...tags, tag] }),
    ...(isDisabled && stored === undefined ? { enabled: false } : {}),
  };
  // What carries its format was written by a cronstream: fields that are not known here are those of a newer one, and no slips of the pen.
  return checkKept(
    value,
    (path) => job['v'] !== undefined || (stored !== undefined && isDeepStrictEqual(at(job, path), at(stored, path))),
  );
};

const isObject = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);

/** What lies at a JSON pointer. */
const at = (value: unknown, pointer: string): unknown =>
  pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((inside, step) => {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      return typeof inside === 'object' && inside !== null && Object.hasOwn(inside, name) ? (inside as Raw)[name] : undefined;
    }, value);
