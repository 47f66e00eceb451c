import { checkJob, type Job } from '../../src/domain/job.ts';

/** A job of the chaos run, and what its command prints by its own account. */
export type ChaosJob = {
  readonly job: Job;
  /** Lines that a whole run prints. */
  readonly lines: number;
  /** So many beats lie between two of them; 1 unless said. Each line is an event: what runs for long prints rarely. */
  readonly beats?: number;
  /** Exit code of an attempt. */
  readonly codeOf?: (attempt: number) => number;
  /** Does not end at TERM. */
  readonly isStubborn?: boolean;
  /** Runs by hand only, and for longer than the whole chaos: it ends by being killed. */
  readonly isByHand?: boolean;
  /** The nemesis changes its schedule. */
  readonly isEdited?: boolean;
};

/** Between two signs of life of a command, seconds. */
export const BEAT = 0.8;

type Draft = Omit<ChaosJob, 'job'> & { readonly job: Omit<Job, 'command'> };

/** Lengths are divided by the cluster's time scale (8): lostAfterMs 22.5 s by default, and 6 s where it is `soon`; lateAfterMs 5 s. */
const soon = { killGraceMs: 4_000, lostAfterMs: 48_000 } as const;
const misfire = { lateAfterMs: 40_000 } as const;
const each = (seconds: number): string => `*/${String(seconds)} * * * * * *`;

const DRAFTS: readonly Draft[] = [
  { job: { name: 'skip', cronExpr: each(2), misfire }, lines: 1 },
  { job: { name: 'busy', cronExpr: each(3), misfire, ...soon }, lines: 5 },
  { job: { name: 'allow', cronExpr: each(4), overlap: 'allow', misfire }, lines: 6 },
  { job: { name: 'long', cronExpr: each(5), misfire, ...soon }, lines: 12, beats: 5 },
  { job: { name: 'slow-lost', cronExpr: each(5), misfire, killGraceMs: 4_000 }, lines: 8, beats: 5 },
  { job: { name: 'stubborn', cronExpr: each(5), misfire, ...soon }, lines: 5, beats: 5, isStubborn: true },
  { job: { name: 'limited', cronExpr: each(5), misfire, timeout: { afterMs: 1_500 }, killGraceMs: 4_000 }, lines: 4, beats: 5 },
  {
    job: { name: 'abandoned', cronExpr: each(5), misfire, timeout: { afterMs: 1_500, action: 'abandon' }, ...soon },
    lines: 6,
  },
  { job: { name: 'jitter', cronExpr: each(5), jitterMs: 1_500, misfire }, lines: 2 },
  { job: { name: 'edited', cronExpr: each(4), misfire }, lines: 2, isEdited: true },
  { job: { name: 'by-hand', cronExpr: '0 0 0 1 1 * *', enabled: false, ...soon }, lines: 9_999, beats: 5, isByHand: true },
  { job: { name: 'once', cronExpr: each(4), misfire: { ...misfire, policy: 'once' } }, lines: 2 },
  { job: { name: 'all', cronExpr: each(5), misfire: { ...misfire, policy: 'all', withinMs: 60_000 } }, lines: 1 },
  { job: { name: 'queue', cronExpr: each(4), overlap: { policy: 'queue', max: 3 }, misfire, ...soon }, lines: 5 },
  { job: { name: 'replace', cronExpr: each(5), overlap: 'replace', misfire, ...soon }, lines: 8 },
  {
    job: { name: 'retry', cronExpr: each(5), misfire, ...soon, retry: { max: 2, delayMs: 500, lost: true } },
    lines: 2,
    codeOf: (attempt) => (attempt === 1 ? 3 : 0),
  },
  { job: { name: 'everywhere', cronExpr: '*/10 * * * * * *', placement: { mode: 'all' }, misfire }, lines: 2 },
];

const SMALL = new Set(['skip', 'busy', 'allow', 'long', 'slow-lost', 'edited', 'by-hand', 'once', 'queue', 'retry']);

/** The jobs that this version of the program takes, with commands that write into `file`; and the names of those that it refuses, each with its reason. */
export const jobsOf = (
  file: string,
  isSmall: boolean,
): { readonly jobs: readonly ChaosJob[]; readonly refused: readonly string[] } => {
  const refused: string[] = [];
  const jobs = DRAFTS.filter(({ job }) => !isSmall || SMALL.has(job.name)).flatMap((draft): ChaosJob[] => {
    const job: Job = { ...draft.job, command: commandOf(draft, file) };
    const checked = checkJob(job);
    if (checked.ok) return [{ ...draft, job }];
    refused.push(`${job.name}: ${checked.problems.map(({ message }) => message).join('; ')}`);
    return [];
  });
  return { jobs, refused };
};

/** In a file of its own: each claim tells its command, and a run log of thousands of long ones is slow to go through. */
const commandOf = ({ lines, beats = 1, isStubborn, codeOf }: Draft, file: string): string =>
  `exec sh '${scriptOf(file)}' ${[lines, beats, codeOf?.(1) ?? 0, codeOf?.(2) ?? 0].map(String).join(' ')} ${isStubborn === true ? 'stubborn' : ''}`.trim();

export const scriptOf = (file: string): string => `${file}.sh`;

/** Each line in `file`: sign, job, fire time, run id, attempt, fence, trigger, uptime (s), n. S: begun (n: the host's clock, ms). H: alive, n lines printed. T: told to end. E: at its end (n: the host's clock). A line is one
 *  write to a file opened for append, so lines of commands at one time do not mix. Takes: lines, beats between two, exit code of the first attempt and of a further one, `stubborn`. */
export const scriptText = (file: string): string => `lines=$1 beats=$2 code=$3
[ "$CRON_ATTEMPT" = 1 ] || code=$4
# Shells tell on their second output that their sleep was ended: that is nothing that the command prints.
exec 2>/dev/null
say() { read -r up _ < /proc/uptime; echo "$1 $CRON_JOB $CRON_FIRE_TIME $CRON_RUN_ID $CRON_ATTEMPT $CRON_FENCE $CRON_TRIGGER $up $2" >> '${file}'; }
if [ "$5" = stubborn ]; then trap '' TERM; else trap 'say T 0; exit 143' TERM; fi
say S "$(date +%s%3N)"
i=0
while [ $i -lt $((lines * beats)) ]; do
  [ $((i % beats)) = 0 ] && echo "$((i / beats + 1)) $CRON_RUN_ID $CRON_ATTEMPT"
  say H $((i / beats + 1)); i=$((i+1)); sleep ${String(BEAT)}
done
say E "$(date +%s%3N)"
exit $code
`;

/** What the command has printed when it has printed `count` lines. */
export const outputOf = (runId: string, attempt: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `${String(index + 1)} ${runId} ${String(attempt)}\n`).join('');
