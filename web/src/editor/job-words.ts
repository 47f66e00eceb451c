import { fieldAt, FIELD_GROUPS, type Field, type FieldPath } from './job-groups.ts';
import { bytesText, lengthText } from './length.ts';
import { texts } from '../texts.ts';

const FIELDS = new Map<string, Field>(FIELD_GROUPS.flatMap(({ fields }) => fields.map((field) => [field.path, field] as const)));
type Words = readonly [word: string, does: string];

/** The name of what lies at a path, as the form calls it: `/env/PATH` is `Environment PATH`, a field of a newer version its own path. */
export const nameOf = (path: string): string => {
  const at = fieldAt(path);
  if (at === undefined || !path.startsWith(at)) return path.slice(1);
  const inner = path.slice(at.length + 1);
  const [name] = texts.jobFields[at as keyof typeof texts.jobFields];
  return inner === '' ? name : `${name} ${inner}`;
};

/** The word of an option and what it does; of one that is not known here its own name. */
export const optionOf = (path: FieldPath, option: string): Words => {
  const options = texts.jobOptions as Readonly<Record<string, Readonly<Record<string, Words>> | undefined>>;
  return options[path]?.[option] ?? [option, ''];
};

/** A value as people read it: `1 min 30 s`, `10 MB`, `web, region=eu`. Whatever it is not made for is JSON. */
export const valueText = (path: string, value: unknown): string => {
  const field = FIELDS.get(path);
  if (typeof value === 'boolean') return value ? texts.wordOn : texts.wordOff;
  if (typeof value === 'number') {
    if (field?.kind === 'length' || field?.kind === 'until') return lengthText(value);
    return field?.kind === 'bytes' ? bytesText(value) : String(value);
  }
  if (typeof value === 'string') {
    if (field?.kind === 'until' && value === 'never') return texts.neverSo;
    return field?.kind === 'choice' ? optionOf(field.path, value)[0] : value;
  }
  if (Array.isArray(value) && value.every((each) => typeof each === 'string' || typeof each === 'number'))
    return value.join(', ');
  if (field?.kind === 'pairs' && typeof value === 'object' && value !== null) return Object.keys(value).join(', ');
  return JSON.stringify(value);
};

const LONGEST = 40;

/** What a group has set, on one line: `Time zone Europe/Berlin, Jitter 30 s`. */
export const summaryOf = (set: readonly { readonly path: string; readonly value: unknown }[]): string =>
  set
    .map(({ path, value }) => {
      const text = valueText(path, value).replaceAll(/\s+/g, ' ');
      return `${nameOf(path)}: ${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}`;
    })
    .join(' · ');
