import { toInstant, toMs } from '../domain/instant.ts';
import type { ClaimedRun } from './claims.ts';
import type { User } from './users.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The whole environment of a command: a small clean base, the job's own, the parameters, and what names the run. Nothing of the worker's own, so no secret of it either. */
export const environmentOf = (
  { live, fence, job, queued }: Pick<ClaimedRun, 'live' | 'fence' | 'job' | 'queued'>,
  { name, home }: Pick<User, 'name' | 'home'>,
): Readonly<Record<string, string>> => ({
  PATH,
  HOME: home,
  USER: name,
  LOGNAME: name,
  SHELL: job.shell,
  LANG: 'C.UTF-8',
  ...job.env,
  ...queued?.env,
  ...job.params,
  ...queued?.params,
  CRON_JOB: live.job,
  CRON_RUN_ID: live.runId,
  CRON_FIRE_TIME: live.fireTime,
  CRON_NOMINAL_TIME: live.nominalAt ?? toInstant(toMs(live.fireTime)),
  CRON_ATTEMPT: String(live.attempt),
  CRON_TRIGGER: live.trigger,
  CRON_FENCE: String(fence),
});
