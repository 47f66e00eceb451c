import { DEFAULTS } from '../../../src/domain/defaults.ts';
import type { Job } from '../../../src/domain/job.ts';
import { notYet } from '../../../src/domain/not-yet.ts';
import { getAt, setAt, type Fields } from './job-fields.ts';

/** A field of the form. `usual`: what its absence means, where that is one value. `sample`: a value that asks for what the field does, to see whether the
 *  master does it yet. */
type Kinds = {
  readonly kind:
    | 'text'
    | 'lines'
    | 'zone'
    | 'instant'
    | 'list'
    | 'numbers'
    | 'pairs'
    | 'json'
    | 'length'
    | 'until'
    | 'bytes'
    | 'number'
    | 'switch';
  readonly usual?: string | number | boolean;
};
type Choice = { readonly kind: 'choice'; readonly options: readonly string[]; readonly usual: string };
type Written = { readonly path: string; readonly sample?: Partial<Job> } & (Kinds | Choice);
export type Field = Written & { readonly path: FieldPath };

const FIRST = ['/name', '/command', '/cronExpr'] as const;
const MORE_ATTEMPTS: Partial<Job> = { retry: { max: 1 } };

/** The fields in groups, in the order of the form. Every field of the domain's `Job` is here or one of the first three. */
const GROUPS = [
  {
    id: 'when',
    fields: [
      { path: '/timezone', kind: 'zone', usual: DEFAULTS.timezone },
      { path: '/dst', kind: 'choice', options: ['auto', 'skip', 'both'], usual: 'auto' },
      { path: '/startAt', kind: 'instant' },
      { path: '/endAt', kind: 'instant' },
      { path: '/jitterMs', kind: 'length', usual: 0 },
      { path: '/enabled', kind: 'switch', usual: true },
    ],
  },
  {
    id: 'where',
    fields: [
      { path: '/placement/mode', kind: 'choice', options: ['one', 'all'], usual: 'one' },
      { path: '/placement/workers', kind: 'list' },
      { path: '/placement/labels', kind: 'list' },
    ],
  },
  {
    id: 'how',
    fields: [
      { path: '/shell', kind: 'text', usual: DEFAULTS.shell },
      { path: '/cwd', kind: 'text' },
      { path: '/runAs', kind: 'text', sample: { runAs: 'somebody' } },
      { path: '/env', kind: 'pairs' },
      { path: '/params', kind: 'pairs' },
      { path: '/stdin', kind: 'lines' },
      { path: '/outputLimitBytes', kind: 'bytes', usual: DEFAULTS.outputLimitBytes },
    ],
  },
  {
    id: 'busy',
    fields: [
      { path: '/overlap', kind: 'choice', options: ['skip', 'allow', 'queue', 'replace'], usual: 'skip' },
      { path: '/overlap/max', kind: 'number', usual: 1, sample: { overlap: { policy: 'queue', max: 2 } } },
      { path: '/misfire/policy', kind: 'choice', options: ['skip', 'once', 'all'], usual: 'skip' },
      { path: '/misfire/lateAfterMs', kind: 'length', usual: DEFAULTS.lateAfterMs },
      { path: '/misfire/withinMs', kind: 'length', usual: DEFAULTS.withinMs },
    ],
  },
  {
    id: 'fails',
    fields: [
      { path: '/timeout/afterMs', kind: 'length' },
      { path: '/timeout/action', kind: 'choice', options: ['kill', 'abandon', 'alert'], usual: 'kill' },
      { path: '/killGraceMs', kind: 'length', usual: DEFAULTS.killGraceMs },
      { path: '/lostAfterMs', kind: 'until', usual: DEFAULTS.lostAfterMs },
      { path: '/retry/max', kind: 'number', usual: 0, sample: MORE_ATTEMPTS },
      { path: '/retry/delayMs', kind: 'length', usual: 1_000, sample: MORE_ATTEMPTS },
      { path: '/retry/factor', kind: 'number', usual: 2, sample: MORE_ATTEMPTS },
      { path: '/retry/maxDelayMs', kind: 'length', usual: 300_000, sample: MORE_ATTEMPTS },
      { path: '/retry/on', kind: 'numbers', sample: MORE_ATTEMPTS },
      { path: '/retry/timeouts', kind: 'switch', usual: true, sample: MORE_ATTEMPTS },
      { path: '/retry/elsewhere', kind: 'switch', usual: false, sample: MORE_ATTEMPTS },
      { path: '/retry/lost', kind: 'switch', usual: false, sample: { retry: { lost: true } } },
    ],
  },
  {
    id: 'about',
    fields: [
      { path: '/description', kind: 'lines' },
      { path: '/tags', kind: 'list' },
      { path: '/retention/days', kind: 'number', usual: 30, sample: { retention: { days: 1 } } },
      { path: '/retention/runs', kind: 'number', usual: 1_000, sample: { retention: { runs: 1 } } },
      { path: '/alerts', kind: 'json', sample: { alerts: [{}] } },
    ],
  },
] as const satisfies readonly { readonly id: string; readonly fields: readonly Written[] }[];

export type FieldPath = (typeof GROUPS)[number]['fields'][number]['path'];
export type GroupId = (typeof GROUPS)[number]['id'];
export type FieldGroup = { readonly id: GroupId; readonly fields: readonly Field[] };

export const FIELD_GROUPS: readonly FieldGroup[] = GROUPS;
const PATHS: readonly string[] = [...FIRST, ...FIELD_GROUPS.flatMap(({ fields }) => fields.map(({ path }) => path))];

/** What a field holds. A queue that holds more is `overlap: {policy, max}`: the form has two fields for it. */
export const valueOf = (job: Fields, path: FieldPath): unknown =>
  path === '/overlap' ? (getAt(job, '/overlap/policy') ?? getAt(job, path)) : getAt(job, path);

/** The job with the value of a field put in; `undefined` takes it out. */
export const withValue = (job: Fields, path: FieldPath, value: unknown): Fields => {
  if (path === '/overlap/max')
    return value === undefined
      ? setAt(job, '/overlap', valueOf(job, '/overlap'))
      : setAt(setAt(job, '/overlap/policy', 'queue'), '/overlap/max', value);
  return setAt(job, path, value);
};

/** The field of the form at which a problem stands: its own, the one that it lies in (`/env/1A`), or the first that lies in it (`/retry`). */
export const fieldAt = (problemPath: string): string | undefined => {
  const isIn = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(`${outer}/`);
  const around = PATHS.filter((path) => isIn(problemPath, path)).sort((a, b) => b.length - a.length)[0];
  return around ?? (problemPath === '' ? undefined : PATHS.find((path) => isIn(path, problemPath)));
};

/** Whether this version refuses a field (or, of a choice, one option) as not there yet. The domain says so. */
export const isNotYet = (field: Field, option?: string): boolean => {
  if (option === undefined) return field.sample !== undefined && notYet(field.sample).length > 0;
  const around: Fields = field.path === '/timeout/action' ? { timeout: { afterMs: 1 } } : {};
  return notYet(setAt(around, field.path, option)).length > 0;
};

/** The fields of a group that this job has set, in the form's order. */
export const setIn = (job: Fields, { fields }: FieldGroup): readonly Field[] =>
  fields.filter(({ path }) => valueOf(job, path) !== undefined);
