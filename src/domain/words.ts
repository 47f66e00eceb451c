import { Type, type Static } from 'typebox';

/** The closed vocabularies of design.md §2, each once. */
export const Trigger = Type.Enum(['schedule', 'manual', 'catchUp', 'backfill']);
export type Trigger = Static<typeof Trigger>;

export const Outcome = Type.Enum(['succeeded', 'failed', 'timedOut', 'killed', 'lost', 'skipped']);
export type Outcome = Static<typeof Outcome>;

export const Reason = Type.Enum([
  'person',
  'replaced',
  'leaseLost',
  'drained',
  'abandoned',
  'notStarted',
  'exitUnknown',
  'workerGone',
  'startFailed',
  'notAllowed',
  'expired',
  'overlap',
  'edited',
  'late',
  'jobDeleted',
  'noWorker',
  'marked',
  'freed',
]);
export type Reason = Static<typeof Reason>;

export const Fate = Type.Enum(['coming', 'waiting', 'ran', 'skipped', 'missed']);
export type Fate = Static<typeof Fate>;

/** Why a run is being ended. The first cause wins. */
export const EndCause = Type.Enum(['killed', 'timedOut', 'leaseLost', 'replaced', 'drained']);
export type EndCause = Static<typeof EndCause>;

/** The outcome and reason of a run that was ended for a cause. */
export const outcomeOfCause = (cause: EndCause): { readonly outcome: Outcome; readonly reason?: Reason } => {
  switch (cause) {
    case 'killed':
      return { outcome: 'killed', reason: 'person' };
    case 'timedOut':
      return { outcome: 'timedOut' };
    case 'leaseLost':
    case 'replaced':
    case 'drained':
      return { outcome: 'killed', reason: cause };
    default:
      return cause satisfies never;
  }
};

/** The languages in which people are spoken to: the console and what the schedule says. */
export type Language = 'en' | 'zh';
