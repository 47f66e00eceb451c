import type { EventOf, StoredRunEvent } from './events.ts';

/** What became another one between two versions of a job: absent `before` came, absent `after` went. `path` as in problems: `/retry/max`. */
export type FieldChange = { readonly path: string; readonly before?: unknown; readonly after?: unknown };

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

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Field by field, by path; lists are compared as a whole. */
export const changesBetween = (before: unknown, after: unknown, path = ''): readonly FieldChange[] => {
  if (isObject(before) && isObject(after))
    return [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .toSorted()
      .flatMap((name) =>
        changesBetween(before[name], after[name], `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
      );
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
};

const LONGEST = 80;
const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};

const inWords = ({ path, before, after }: FieldChange): string => {
  const name = path.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
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
      const changes =
        event.before === undefined ? [] : changesBetween(event.before, event.after).filter(({ path }) => path !== FORMAT);
      const text =
        event.before === undefined ? 'created' : changes.length === 0 ? 'saved as it was' : changes.map(inWords).join('; ');
      return { ...{ id, name, at, by, type: 'saved' }, ...withRevision(event), changes, text, job: event.after };
    }
    default:
      return event satisfies never;
  }
};

/** The format of the value: nobody asked for that. */
const FORMAT = '/v';

const withRevision = ({ revision }: { readonly revision?: number }) =>
  revision === undefined ? {} : { revision: String(revision) };
