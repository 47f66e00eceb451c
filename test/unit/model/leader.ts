import { dutiesOf } from '../../../src/master/duties.ts';
import type { LeaderView } from '../../../src/master/leader-view.ts';
import { parseCursor } from '../../../src/domain/tick.ts';
import { parseLiveRun } from '../../../src/domain/values.ts';
import { NAMES, type World } from './world.ts';

/** One write that the leader may send: its name and the number of its transaction. */
export type Duty = { readonly name: string; readonly transaction: number };

/** Steps of time for which the leader waits after a presence has gone. */
export const LEADER_WAITS = 1;
const HOUR = 3_600_000;
/** Later than `lateAfterMs` and the margin of a standing cursor (`SETTLE_MARGIN_MS` in duties.ts). */
const SETTLED_MS = 60_000 + 7_000 + 1;

/** The duties of the real `dutiesOf`, of a view that shows the state as it is. What waits in a state is given as waited for: a minute since an end, and any number of
 *  the due ticks that are past being claimed on time. Only the silence of workers is counted, since P2 rests on it. */
export const createLeader = (world: World) => {
  const { W, T, N, keys, texts, known, slots, at, own, block, runIndex, runId, fireTime, scenario } = world;
  const kept = new Map<string, readonly Duty[]>();

  const viewOf = (state: readonly number[]): LeaderView => {
    const cursor = state[slots.cursor] ?? 0;
    const lock = state[slots.lock] ?? 0;
    const runs = new Map<string, NonNullable<ReturnType<LeaderView['runs']['get']>>>();
    const workers = new Map<string, NonNullable<ReturnType<LeaderView['workers']['get']>>>();
    const absentSince = new Map<string, number>();
    for (let w = 0; w < W; w += 1) {
      const name = NAMES[w] ?? '';
      if (state[slots.worker(w)]) workers.set(name, { id: name, name, labels: [] } as never);
      else {
        const hasWaited = scenario.broken === 'leaderDoesNotWait' || (state[block(w) + own.absent] ?? 0) >= LEADER_WAITS;
        absentSince.set(name, hasWaited ? 0 : HOUR);
      }
      for (let t = 1; t <= T; t += 1)
        for (let n = 0; n < N; n += 1) {
          const slot = slots.run(runIndex(w, t, n));
          const parsed = state[slot] ? parseLiveRun(texts.textOf(state[slot] ?? 0)) : undefined;
          if (parsed?.ok)
            runs.set(runId(w, t, n), {
              live: parsed.value,
              revision: state[slot + 1] ?? 0,
              fence: 0,
              since: 0,
              endedSeenAt: parsed.value.state === 'ended' ? 0 : undefined,
            });
        }
    }
    const parsedCursor = parseCursor(texts.textOf(cursor));
    return {
      jobs: new Map([
        ['job', { known, created: 0, dueAt: (seen) => seen.cursor && known.schedule.next(Date.parse(seen.cursor.at))?.fireTime }],
      ]),
      cursors: cursor ? new Map([['job', { revision: state[slots.cursor + 1] ?? 0, cursor: parsedCursor }]]) : new Map(),
      locks: lock
        ? new Map([['job', { runId: texts.textOf(lock), revision: state[slots.lock + 1] ?? 0, seenAt: 0 }]])
        : new Map(),
      runs,
      queue: new Map(),
      lasts: new Map(),
      workers,
      absentSince,
      bareKills: new Map(),
      kills: new Map(),
      befores: new Map(),
      warnings: new Map(),
    };
  };

  return (state: readonly number[]): readonly Duty[] => {
    const name = [
      ...state.slice(0, slots.run(W * T * N)),
      state[at.due],
      state[at.epoch],
      ...Array.from({ length: W }, (_, w) => state[block(w) + own.absent]),
    ].join();
    const before = kept.get(name);
    if (before) return before;
    const view = viewOf(state);
    const leader = { type: 'revision', key: keys.leader, is: world.leaderRevision(state[at.epoch] ?? 0) } as const;
    const found = new Map<number, string>();
    for (let late = 0; late <= (state[at.due] ?? 0); late += 1) {
      const now = fireTime(late) + (late === 0 ? 0 : SETTLED_MS);
      // A mark is put at the instant of the look itself, the rest may be looked at later.
      for (const instant of scenario.byHand ? [fireTime(late), now] : [now])
        for (const duty of dutiesOf(view, {
          keys,
          leader,
          now: instant,
          monotonic: HOUR,
          scale: 1,
          newId: () => '',
          settles: true,
          clockLimitMs: 1_000,
        })) {
          if (duty.name === 'removeEnded' && !scenario.removesEnded) continue;
          if (duty.name === 'mark' && instant !== fireTime(late)) continue;
          // Events are told with the instant of the look: one transaction for all of them.
          let transaction = JSON.parse(
            JSON.stringify(duty.transaction).replaceAll(new Date(instant).toISOString(), (text) =>
              duty.name === 'mark' ? text : '2027-01-01T00:00:00.000Z',
            ),
          ) as typeof duty.transaction;
          if (scenario.broken === 'dropsFate' && duty.name === 'missed') transaction = world.withoutFate(transaction);
          found.set(world.numberOf(transaction), duty.name);
        }
    }
    const duties = [...found].map(([transaction, what]): Duty => ({ name: what, transaction }));
    kept.set(name, duties);
    return duties;
  };
};
