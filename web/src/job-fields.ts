import type { JobView } from '../../src/domain/wire.ts';
import { texts } from './texts.ts';

/** A job while it is written: any fields, of newer versions too. The master checks. */
export type Fields = Readonly<Record<string, unknown>>;

export const EXAMPLE_JOB: Fields = { name: '', command: '', cronExpr: '*/5 * * * *' };

export const fieldsOf = ({ job }: JobView): Fields => job;

/** The text of a field; empty where it is something else. */
export const textOf = (job: Fields, field: string): string => {
  const value = job[field];
  return typeof value === 'string' ? value : '';
};

/** The job with a text put in. An optional field that was emptied goes. */
export const withText = (job: Fields, field: string, value: string, isOptional = false): Fields => {
  const { [field]: _before, ...rest } = job;
  return isOptional && value === '' ? rest : { ...job, [field]: value };
};

type Parsed = { readonly ok: true; readonly job: Fields } | { readonly ok: false; readonly why: string };

/** Reads a job that was written as JSON. Only its being an object is looked at here. */
export const parseJob = (json: string): Parsed => {
  try {
    const job: unknown = JSON.parse(json);
    const isObject = typeof job === 'object' && job !== null && !Array.isArray(job);
    return isObject ? { ok: true, job: job as Fields } : { ok: false, why: texts.notAnObject };
  } catch (error) {
    return { ok: false, why: texts.notJson(error instanceof Error ? error.message : String(error)) };
  }
};
