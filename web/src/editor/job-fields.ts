import { stepsOf, valueAt } from '../../../src/domain/changes.ts';
import type { JobView } from '../../../src/domain/wire.ts';
import { texts } from '../texts.ts';

/** A job while it is written: any fields, of newer versions too. The master checks. */
export type Fields = Readonly<Record<string, unknown>>;

export const EXAMPLE_JOB: Fields = { name: '', command: '', cronExpr: '*/5 * * * *' };

export const fieldsOf = ({ job }: JobView): Fields => job;

/** The text of a field; empty where it is something else. */
export const textOf = (job: Fields, field: string): string => {
  const value = job[field];
  return typeof value === 'string' ? value : '';
};

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at a path as problems have it, `/misfire/policy`; undefined where there is none. */
export const getAt: (job: Fields, path: string) => unknown = valueAt;

/** The job with a value put in. `undefined` takes it out, and with it an object that is left empty. All other fields stay, in their order. */
export const setAt = (job: Fields, path: string, value: unknown): Fields => put(job, stepsOf(path), value) ?? {};

const put = (object: Fields, [step = '', ...rest]: readonly string[], value: unknown): Fields | undefined => {
  const inner = object[step];
  const next = rest.length === 0 ? value : put(isObject(inner) ? inner : {}, rest, value);
  if (next !== undefined) return { ...object, [step]: next };
  const { [step]: _gone, ...left } = object;
  return Object.keys(left).length === 0 ? undefined : left;
};

type Parsed = { readonly ok: true; readonly job: Fields } | { readonly ok: false; readonly why: string };

/** Reads a job that was written as JSON. Only its being an object is looked at here. */
export const parseJob = (json: string): Parsed => {
  try {
    const job: unknown = JSON.parse(json);
    return isObject(job) ? { ok: true, job } : { ok: false, why: texts.notAnObject };
  } catch (error) {
    return { ok: false, why: texts.notJson(error instanceof Error ? error.message : String(error)) };
  }
};
