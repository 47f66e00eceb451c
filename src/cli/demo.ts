import type { Logger } from 'pino';
import type { Job } from '../domain/job.ts';
import { scheduleHash } from '../domain/job.ts';
import type { Keys } from '../domain/keys.ts';
import { saveJob } from '../domain/moves.ts';
import type { Coordination } from '../streams/ports.ts';

/** Four jobs that show what a job can be. */
const JOBS: readonly Job[] = [
  {
    name: 'heartbeat',
    command: 'echo "alive at $(date +%T)"',
    cronExpr: '*/5 * * * * * *',
    description: 'Every five seconds: the shortest job there is.',
    tags: ['demo'],
  },
  {
    name: 'report',
    command:
      'for i in $(seq 1 20); do printf "\\033[3%dm%s\\033[0m line %d of 20\\n" $((i % 6 + 1)) "$CRON_JOB" "$i"; sleep 1; done',
    cronExpr: '* * * * *',
    description: 'Each minute, for twenty seconds, a coloured line a second: open the run and watch.',
    tags: ['demo'],
  },
  {
    name: 'flaky',
    command: 'if [ $(( $(date +%s) / 30 % 3 )) -eq 0 ]; then echo "no luck this time" >&2; exit 3; fi; echo "fine"',
    cronExpr: '*/30 * * * * * *',
    description: 'Fails one time in three, with exit code 3.',
    tags: ['demo'],
  },
  {
    name: 'nightly',
    command: 'echo "good night"',
    cronExpr: '0 3 * * *',
    timezone: 'Europe/Berlin',
    enabled: false,
    description: 'At three in the morning in Berlin; switched off.',
    tags: ['demo'],
  },
];

/** Saves the demo jobs where no job was ever saved: a folder that somebody emptied stays empty. */
export const saveDemoJobs = async (coordination: Coordination, keys: Keys, now: number, log: Logger): Promise<boolean> => {
  const [jobs, cursors] = await Promise.all([coordination.list(keys.jobs), coordination.list(keys.ticks)]);
  const marker = `${keys.root}/demo`;
  const { reads } = await coordination.transact({ then: [{ type: 'get', key: marker }] });
  if (jobs.entries.length > 0 || cursors.entries.length > 0 || reads[0]) return false;
  await coordination.transact({ then: [{ type: 'put', key: marker, value: '{"v":1}' }] });
  for (const job of JOBS)
    await coordination.transact(
      saveJob({
        keys,
        name: job.name,
        value: JSON.stringify({ v: 1, ...job }),
        read: { jobRevision: undefined, cursorRevision: undefined },
        mark: { at: now, hash: scheduleHash(job) },
        events: [],
      }),
    );
  log.info({ jobs: JOBS.length }, 'demo jobs saved');
  return true;
};
