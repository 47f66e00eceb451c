import type { ImportAnswer, ImportItem } from '../../src/domain/crontab/answer.ts';
import { ask } from './api.ts';

/** What is to be imported, and how, as it stands on the page. */
export type ImportAsked = {
  readonly text: string;
  readonly source: string;
  readonly timezone: string;
  readonly workers: string;
  readonly ignoreUser: boolean;
  readonly disabled: boolean;
  readonly prune: boolean;
};

/** A list of jobs, as export writes it; undefined for a crontab, none of whose lines begins like that. */
export const jobsIn = (text: string): { readonly jobs: unknown } | undefined => {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? { jobs: value as unknown } : { jobs: (value as { readonly jobs?: unknown }).jobs };
  } catch {
    return undefined;
  }
};

/** The query of the API. What belongs to crontabs is left out for a list of jobs. */
export const importQuery = ({ text, source, timezone, workers, ...flags }: ImportAsked, isDryRun: boolean): string => {
  const isJobs = jobsIn(text) !== undefined;
  const given: Readonly<Record<string, string>> = {
    ...(isDryRun && { dryRun: 'true' }),
    ...(!isJobs || flags.prune ? { source } : {}),
    ...(flags.prune && { prune: 'true' }),
    ...(flags.disabled && { disabled: 'true' }),
    ...(isJobs ? {} : { timezone, workers, ...(flags.ignoreUser && { ignoreUser: 'true' }) }),
  };
  return new URLSearchParams(Object.entries(given).filter(([, value]) => value.trim() !== '')).toString();
};

/** Tells what would become of it, or does it. */
export const sendImport = (asked: ImportAsked, isDryRun: boolean, signal?: AbortSignal): Promise<ImportAnswer> => {
  const body = jobsIn(asked.text) ?? asked.text;
  return ask('POST', `/import?${importQuery(asked, isDryRun)}`, { body, ...(signal && { signal }) });
};

/** What a save would do something about. */
export const countToSave = ({ created, changed, removed }: ImportAnswer): number => created + changed + removed;

export const concernsJob = ({ action }: ImportItem): boolean => action !== 'noted';
