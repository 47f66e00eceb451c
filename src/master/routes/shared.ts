import { Type, type TSchema } from 'typebox';
import { toMs } from '../../domain/instant.ts';
import { Problem } from '../../domain/wire.ts';
import { badField, refused } from '../problems.ts';
import type { Projection } from '../projection.ts';

export const ByName = Type.Object({ name: Type.String({ description: 'Name of the job' }) });
export const ById = Type.Object({ id: Type.String() });
export const closed = { additionalProperties: false };

export const limit = (most: number) => Type.Optional(Type.Integer({ minimum: 1, maximum: most }));

const WORDS: Readonly<Record<number, string>> = {
  400: 'The input is not valid: all problems at once',
  404: 'There is none',
  409: 'Not in this state',
  412: 'At another revision',
  503: 'Not now: a store is away, or the clock of this master is off',
};

/** The answers of a route for its page in the OpenAPI document. */
export const answers = (of: Readonly<Record<number, TSchema>>, ...problems: readonly number[]) => ({
  ...of,
  ...Object.fromEntries(problems.map((status) => [status, { ...Problem, description: WORDS[status] ?? 'A problem' }])),
});

/** The live position that a list was true at. Lists are refused until this master has heard all of its feeds once. */
export const asOf = (projection: Projection): string => {
  if (!projection.hasAll())
    throw refused(503, 'unavailable', 'This master has not heard of the cluster yet', {
      detail: 'The coordination store does not answer, or its keys are still being read. /readyz says more.',
      store: 'coordination',
    });
  return String(projection.position());
};

/** An instant that a query names, in ms since the epoch. */
export const instant = (path: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const ms = toMs(text);
  if (Number.isNaN(ms)) throw badField(path, 'invalid', 'not an instant, as 2027-01-31T09:00:00Z');
  return ms;
};
