import { checkEvents } from './check/events.ts';
import { checkFates, checkTimelines } from './check/fates.ts';
import { checkOverlap } from './check/overlap.ts';
import { checkIdle, checkIncidents, checkKills } from './check/rest.ts';
import { checkStarts } from './check/starts.ts';
import { expectedTicks, livesOf, type History, type Violation } from './history.ts';
import { toldTicks } from './check/told.ts';

export type Verdict = { readonly violations: readonly Violation[]; readonly numbers: Readonly<Record<string, number>> };

/** All promises, over what was read. Pure. */
export const check = (history: History): Verdict => ({
  violations: [checkStarts, checkOverlap, checkFates, checkTimelines, checkEvents, checkKills, checkIdle, checkIncidents].flatMap(
    (one) => one(history),
  ),
  numbers: numbersOf(history),
});

const numbersOf = (history: History): Readonly<Record<string, number>> => {
  const fates = { ran: 0, skipped: 0, missed: 0 };
  let ticks = 0;
  for (const { job } of history.jobs) {
    const expected = expectedTicks(job.name, history.changes);
    ticks += expected.length;
    for (const told of toldTicks(job.name, history, expected).values()) for (const { fate } of told) fates[fate] += 1;
  }
  const ends = new Map<string, number>();
  for (const event of history.events)
    if (event.type === 'finished') ends.set(event.outcome, (ends.get(event.outcome) ?? 0) + 1);
    else if (event.type === 'lost' || event.type === 'dropped') ends.set(event.type, (ends.get(event.type) ?? 0) + 1);
  return {
    jobs: history.jobs.length,
    ticks,
    ...fates,
    'commands started': livesOf(history.lines).size,
    ...Object.fromEntries([...ends].map(([outcome, count]) => [`ended ${outcome}`, count])),
    events: history.events.length,
    'changes of etcd': history.changes.length,
    kills: history.kills.length,
  };
};
