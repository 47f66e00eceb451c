import { Type, type Static } from 'typebox';
import { isInstant, type Instant } from './instant.ts';
import { createParse } from './problem.ts';
import { Fate, Reason } from './words.ts';

/** One firing of a job's schedule. `fireTime` (ms since the epoch) contains the jitter, `nominalAt` does not. `prev` is the fire time before it by the same schedule. */
export type Tick = {
  readonly job: string;
  readonly fireTime: number;
  readonly nominalAt: number;
  readonly prev: number | undefined;
  readonly revision: number;
};

const Decision = Type.Object({
  v: Type.Integer({ minimum: 1 }),
  /** What became of the tick at this fire time; absent where the cursor was only marked (a save, the leader). */
  fate: Type.Optional(Fate),
  reason: Type.Optional(Reason),
  runId: Type.Optional(Type.String()),
  worker: Type.Optional(Type.String()),
  /** The scheduleHash under which the move was made. */
  hash: Type.String(),
});
export type Decision = Static<typeof Decision>;

/** The last decided tick of a job. Its text starts with the instant, so that the store compares cursors by comparing text. */
export type Cursor = { readonly at: Instant; readonly decision: Decision };

const parseDecision = createParse(Decision);

export const formatCursor = ({ at, decision }: Cursor): string => `${at} ${JSON.stringify(decision)}`;

/** Undefined for a text that is no cursor: somebody wrote it by hand. */
export const parseCursor = (text: string): Cursor | undefined => {
  const at = text.slice(0, 24);
  const parsed = parseDecision(text.slice(25));
  return isInstant(at) && parsed.ok ? { at, decision: parsed.value } : undefined;
};

/** The run that waits for the last decided tick, as far as the cursor says; it may have been taken since. */
export const waitsBy = (cursor: Cursor | undefined): string | undefined =>
  cursor?.decision.fate === 'waiting' ? cursor.decision.runId : undefined;

/** How late something was, in ms, never negative. */
export const latenessOf = (fireTime: number, at: number): number => Math.max(0, Math.round(at - fireTime));
