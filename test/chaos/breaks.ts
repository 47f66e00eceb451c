/** Rules of the product that a chaos run leaves out of its own build, to show that the checker sees it. Nothing of this is in the shipped program: the sources are changed while they are bundled. */
export type Break = { readonly file: string; readonly from: string; readonly to: string };

export const BREAKS = {
  /** P1: a claim does not look at the cursor. */
  cursor: {
    file: 'src/domain/moves.ts',
    from: '    ...cursorCompares(keys, tick.job, form, tick.fireTime),\n    ...(live.locks ?',
    to: '    ...(live.locks ?',
  },
  /** P2: the launcher ends nothing by itself. */
  deadline: { file: 'src/launcher/child.ts', from: "if (now >= until - killGraceMs) end('leaseLost');", to: '' },
  /** P2: the leader frees a lock as soon as a worker's presence is gone. */
  lock: { file: 'src/master/duties.ts', from: 'monotonic - since < live.lostAfterMs', to: 'monotonic - since < 0' },
  /** P3: a tick that is skipped is not told. */
  fate: {
    file: 'src/domain/moves.ts',
    from: "    putCursor(keys, tick.job, tick.fireTime, { fate: 'skipped', reason: event.reason, worker, hash }),\n    outboxPut(keys, event),",
    to: "    putCursor(keys, tick.job, tick.fireTime, { fate: 'skipped', reason: event.reason, worker, hash }),",
  },
} as const satisfies Record<string, Break>;
export type BreakName = keyof typeof BREAKS;
export const isBreak = (name: string): name is BreakName => name in BREAKS;
