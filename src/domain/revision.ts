import { changesBetween, pathText, type FieldChange } from './changes.ts';
import type { EventOf, StoredRunEvent } from './events.ts';

/** A change of a job, by whom and when, and what it changed. `job` is the job after it, as it was saved: put it back by PUT. */
export type Revision = {
  /** Rises with time. */
  readonly id: string;
  readonly type: 'saved' | 'deleted' | 'cursorSet';
  readonly name: string;
  readonly at: string;
  readonly by: string;
  /** Of the job's key. */
  readonly revision?: string;
  readonly changes: readonly FieldChange[];
  /** In words. */
  readonly text: string;
  readonly job?: unknown;
};

const LONGEST = 80;
const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};

const inWords = ({ path, before, after }: FieldChange): string => {
  const name = pathText(path);
  if (before === undefined) return `${name} set to ${shown(after)}`;
  return after === undefined ? `${name} removed (was ${shown(before)})` : `${name}: ${shown(before)} → ${shown(after)}`;
};

type Change = EventOf<'jobSaved'> | EventOf<'jobDeleted'> | EventOf<'cursorSet'>;
export const isChange = (event: StoredRunEvent): event is Change =>
  event.type === 'jobSaved' || event.type === 'jobDeleted' || event.type === 'cursorSet';

/** The change that an event tells of. */
export const revisionOf = (event: Change): Revision => {
  const { id, job: name, at, by } = event;
  switch (event.type) {
    case 'cursorSet':
      return {
        ...{ id, name, at, by, type: 'cursorSet' },
        changes: [],
        text: `cursor set from ${event.from ?? 'none'} to ${event.to}`,
      };
    case 'jobDeleted':
      return { ...{ id, name, at, by, type: 'deleted' }, ...withRevision(event), changes: [], text: 'deleted' };
    case 'jobSaved': {
      const changes = event.before === undefined ? [] : changesBetween(fieldsOf(event.before), fieldsOf(event.after));
      const text =
        event.before === undefined ? 'created' : changes.length === 0 ? 'saved as it was' : changes.map(inWords).join('; ');
      return { ...{ id, name, at, by, type: 'saved' }, ...withRevision(event), changes, text, job: event.after };
    }
    default:
      return event satisfies never;
  }
};

/** What a person wrote of a job that was saved: without the version of the stored format, which is the store's own. As PUT takes it. */
export const withoutFormat = (job: unknown): Readonly<Record<string, unknown>> => {
  const { v: _v, ...fields } = job as Record<string, unknown>;
  return fields;
};

/** A value that somebody put by hand may be anything. */
const fieldsOf = (job: unknown): Readonly<Record<string, unknown>> =>
  typeof job === 'object' && job !== null && !Array.isArray(job) ? withoutFormat(job) : {};

const withRevision = ({ revision }: { readonly revision?: number }) =>
  revision === undefined ? {} : { revision: String(revision) };
