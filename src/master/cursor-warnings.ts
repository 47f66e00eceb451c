import { toInstant } from '../domain/instant.ts';
import type { Compare, Operation } from '../domain/transaction.ts';
import type { Warning } from '../domain/values.ts';
import { MOST_AT_ONCE, type Duty, type Look } from './duty.ts';

/** A cursor further ahead of the leader's clock than this decides ticks that have not been due: only a clock that was wrong, or somebody's hand, puts it there. */
const AHEAD_MS = 60_000;

/** Jobs whose cursor is ahead of time get a warning, which every master shows; it goes when the cursor is not ahead any more (design.md §10). */
export const cursorWarnings: Look = ({ jobs, cursors, warnings }, { keys, leader, now }) => {
  const limit = toInstant(now + AHEAD_MS); // instants compare as text
  const ahead = new Map<string, string>();
  for (const [name, { cursor }] of cursors) {
    const [job = ''] = name.split('/', 1);
    if (cursor && cursor.at > limit && jobs.has(job) && cursor.at > (ahead.get(job) ?? '')) ahead.set(job, cursor.at);
  }
  const duty = (name: string, job: string, then: Operation, compare: Compare): Duty => ({
    name,
    job,
    transaction: { if: [leader, compare], then: [then] },
  });
  const opened = [...ahead].flatMap(([job, cursorAt]) => {
    const key = keys.warning(job);
    const told = warnings.get(job);
    if (told?.cursorAt === cursorAt) return [];
    const warning: Warning = { v: 1, code: 'cursorAhead', at: toInstant(now), cursorAt };
    const compare: Compare = told ? { type: 'revision', key, is: told.revision } : { type: 'absent', key };
    return [duty('cursorAhead', job, { type: 'put', key, value: JSON.stringify(warning) }, compare)];
  });
  const closed = [...warnings].flatMap(([job, { revision }]) => {
    const key = keys.warning(job);
    return ahead.has(job) ? [] : [duty('cursorRight', job, { type: 'delete', key }, { type: 'revision', key, is: revision })];
  });
  return [...opened, ...closed].slice(0, MOST_AT_ONCE);
};
