/** The page of the workers. */
export const workers = {
  noWorkers: 'No worker is here, so nothing can run',
  noWorkersHint: 'Start one beside the stores, on this machine or any other:',
  drain: 'Drain',
  resume: 'Resume',
  draining: 'drains: takes nothing new',
  passes: { skewed: 'clock is off: takes nothing', oldRules: 'older rules: takes no ticks' },
  passesWhy: {
    skewed:
      'Its clock differs from those of most others by more than the limit. It takes part again by itself when the clock is right.',
    oldRules:
      'Another worker knows newer schedule rules or time zone data, and might name other times. It takes runs that wait; upgrade it.',
  },
  slots: (used: string, all: string) => `${used} of ${all} slots`,
  seen: (when: string) => `seen ${when}`,
  upSince: 'up since',
  idle: 'runs nothing now',
  workersCount: (count: number) => (count === 1 ? '1 worker' : `${String(count)} workers`),
  runsNow: (count: number) => (count === 1 ? '1 run now' : `${String(count)} runs now`),
  slotsInAll: (slots: string) => `${slots} slots take runs`,
  someDrain: (count: number) => (count === 1 ? '1 drains' : `${String(count)} drain`),
  full: 'full',
  workerGone: 'has left',
  clockAhead: (length: string) => `clock ${length} ahead`,
  clockBehind: (length: string) => `clock ${length} behind`,
  andMore: (count: string) => `and ${count} more`,
  fewer: 'show fewer',
  drainTitle: (worker: string) => `Drain ${worker}?`,
  drainHint: (runs: string) =>
    `It takes nothing new from now on; other workers take its share. What it runs now (${runs}) is finished. It stays so, also over a restart, until somebody resumes it.`,
} as const;
