/** What a job's absent fields mean, beside what is empty or none. Lengths in milliseconds. On its own, so that the console has it without the schema. */
export const DEFAULTS = {
  timezone: 'UTC',
  lateAfterMs: 60_000,
  withinMs: 3_600_000,
  killGraceMs: 10_000,
  lostAfterMs: 180_000,
  shell: '/bin/sh',
  outputLimitBytes: 10_000_000,
  retry: { max: 0, delayMs: 1_000, factor: 2, maxDelayMs: 300_000, elsewhere: false, timeouts: true, lost: false },
} as const;
