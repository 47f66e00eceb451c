/** The page of the workers. */
export const workers = {
  noWorkers: 'No worker is here, so nothing can run',
  noWorkersHint: 'Start one beside the stores, on this machine or any other:',
  drain: 'Drain',
  resume: 'Resume',
  draining: 'drains: takes nothing new',
  slots: (used: string, all: string) => `${used} of ${all} slots`,
  seen: (when: string) => `seen ${when}`,
  upSince: 'up since',
  idle: 'runs nothing now',
} as const;
