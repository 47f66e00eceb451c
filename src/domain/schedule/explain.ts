import { DEFAULTS, type OverlapPolicy } from '../job.ts';
import { toInstant, type Instant } from '../instant.ts';
import type { Checked } from '../problem.ts';
import { overlapOf, type Measured } from '../overlap.ts';
import { lengthText } from '../why.ts';
import type { Language } from '../words.ts';
import { compileExplainable, type CompiledSchedule, type Explainable, type ScheduleText } from './compile.ts';
import { describeSchedule } from './describe.ts';
import { timeText, warningsOf } from './warnings.ts';
import { WORDS } from './words.ts';

export { describeSchedule } from './describe.ts';

export type Explained = {
  readonly description: string;
  readonly fires: readonly { readonly at: Instant; readonly note?: string }[];
  readonly warnings: readonly string[];
  /** That one of them which says what becomes of runs that take longer than its fire times are apart. */
  readonly mayOverlap?: string;
};

/** What its runs have taken, and what a tick does that finds the job busy. */
export type OwnRuns = { readonly measured: Measured | undefined; readonly overlap: OverlapPolicy };

/** So many fire times are looked at for how near they come to each other. */
const LOOKED_AT = 12;

/** What a schedule means: a sentence, the next `count` fire times after `from` (ms), and what may surprise. `own`: of the job that has run by it, for whether its runs will meet, and what becomes of them then. */
export const explainSchedule = (
  text: ScheduleText,
  from: number,
  count = 5,
  language: Language = 'en',
  own?: OwnRuns,
): Checked<Explained> => {
  const compiled = compileExplainable(text, language);
  if (!compiled.ok) return compiled;
  const { schedule } = compiled.value;
  const { name, cronExpr, timezone = DEFAULTS.timezone, dst = 'auto' } = text;
  const fires: { at: Instant; note?: string }[] = [];
  for (let next = schedule.next(from); next && fires.length < count; next = schedule.next(next.fireTime)) {
    const note = noteOf(compiled.value, next.nominalAt, language);
    fires.push({ at: toInstant(next.fireTime), ...(note === undefined ? {} : { note }) });
  }
  const mayOverlap = own && overlapText(own, schedule, from, language);
  const warned = { cronExpr, timezone, dst, schedule, ...(name === undefined ? {} : { name }) };
  return {
    ok: true,
    value: {
      description: describeSchedule(cronExpr, timezone, language, name),
      fires,
      warnings: [...(mayOverlap === undefined ? [] : [mayOverlap]), ...warningsOf(warned, from, language)],
      ...(mayOverlap !== undefined && { mayOverlap }),
    },
  };
};

const overlapText = (
  { measured, overlap }: OwnRuns,
  schedule: CompiledSchedule,
  from: number,
  language: Language,
): string | undefined => {
  if (!measured) return undefined;
  const coming: number[] = [];
  for (let next = schedule.next(from); next && coming.length < LOOKED_AT; next = schedule.next(next.fireTime))
    coming.push(next.fireTime);
  const found = overlapOf(measured, coming);
  if (!found) return undefined;
  const { overlaps, mayOverlap } = WORDS[language];
  return mayOverlap(overlaps[overlap], lengthText(found.tookMs, language), lengthText(found.apartMs, language));
};

/** What a change of the clock did to a nominal instant (ms), in words; undefined on all other days. */
const noteOf = ({ noteOf: clockNote }: Explainable, nominalAt: number, language: Language): string | undefined => {
  const words = WORDS[language];
  const note = clockNote(nominalAt);
  if (!note) return undefined;
  return note.is === 'afterGap'
    ? words.noteAfterGap(timeText(note.missing))
    : note.is === 'first'
      ? words.noteFirst
      : words.noteSecond;
};

/** The note of one tick of a schedule, for the timeline. */
export const noteOfTick = (text: ScheduleText, nominalAt: number, language: Language = 'en'): string | undefined => {
  const compiled = compileExplainable(text, language);
  return compiled.ok ? noteOf(compiled.value, nominalAt, language) : undefined;
};
