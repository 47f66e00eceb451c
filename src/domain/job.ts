import { Type, type Static } from 'typebox';
import { DEFAULTS } from './defaults.ts';
import { hashText } from './hash.ts';
import { notYet } from './not-yet.ts';
import { createCheck, type Checked, type FieldProblem } from './problem.ts';

/** Letters, marks and digits of any script, `.` `_` `-`; `/` is reserved for keys. */
const NAME = /^[\p{L}\p{M}\p{N}._-]{1,128}$/u;
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const ISO = '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,3})?)?(Z|[+-]\\d\\d:\\d\\d)$';

const ms = (description: string, minimum = 0) =>
  Type.Optional(Type.Integer({ minimum, maximum: 8_640_000_000, description: `${description}, milliseconds` }));
const closed = { additionalProperties: false };

const Timeout = Type.Object(
  {
    afterMs: Type.Integer({
      minimum: 1,
      maximum: 8_640_000_000,
      description: 'Time limit of an attempt from its start on, milliseconds',
    }),
    action: Type.Optional(
      Type.Enum(['kill', 'abandon', 'alert'], {
        description:
          'kill: it is ended (TERM, KILL after killGraceMs) as timedOut. abandon: it goes on, but the run ends as timedOut, reason abandoned, and its lock is given back, so that runs may overlap. alert: it runs to its end, and is told as overdue',
      }),
    ),
  },
  { ...closed, description: 'None without it' },
);
const Misfire = Type.Object(
  {
    policy: Type.Optional(Type.Enum(['skip', 'once', 'all'])),
    withinMs: ms('How far back it catches up'),
    lateAfterMs: ms('From when a tick is late', 5000),
  },
  closed,
);
export const Overlap = Type.Union([
  Type.Enum(['skip', 'allow', 'replace', 'queue']),
  Type.Object({ policy: Type.Literal('queue'), max: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })) }, closed),
]);
const Retry = Type.Object(
  {
    max: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description: 'Further attempts after the first; 0: none, whatever else is set here',
      }),
    ),
    delayMs: ms(
      'From the end of the first attempt to the second; up to a fifth less, so that runs that failed together come back apart',
    ),
    factor: Type.Optional(
      Type.Number({ minimum: 1, maximum: 100, description: 'Each further wait is so many times the one before' }),
    ),
    maxDelayMs: ms('Longest wait'),
    elsewhere: Type.Optional(
      Type.Boolean({
        description: 'On another worker, where another one matches; else on the same, unless that is gone for lostAfterMs',
      }),
    ),
    on: Type.Optional(
      Type.Array(Type.Integer({ minimum: 0, maximum: 255 }), {
        description:
          'Only after these exit codes, from 1 on; 128 + its number for a signal. Without it after any that is not 0, and where it could not be started',
      }),
    ),
    timeouts: Type.Optional(Type.Boolean({ description: 'Also after one that passed its time limit' })),
    lost: Type.Optional(
      Type.Boolean({ description: 'Also after one that was lost with its worker: it may have done all of its work, or some' }),
    ),
  },
  { ...closed, description: 'Further attempts of a run, under the same run id, each with its own output' },
);
const Placement = Type.Object(
  {
    mode: Type.Optional(Type.Enum(['one', 'all'])),
    workers: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
    labels: Type.Optional(Type.Array(Type.String({ minLength: 1 }))),
  },
  closed,
);

/** A job, as people write it and as it lies in etcd. Only `name`, `command` and `cronExpr` are needed; `withDefaults` says what the rest means when it is absent. */
export const Job = Type.Object(
  {
    v: Type.Optional(Type.Integer({ minimum: 1, description: 'Format of this value' })),
    name: Type.String({ minLength: 1, maxLength: 256, description: '1 to 128 letters, marks and digits of any script, . _ -' }),
    command: Type.String({ minLength: 1, maxLength: 200_000, description: 'Given to the shell' }),
    cronExpr: Type.String({
      minLength: 1,
      maxLength: 10_000,
      description: 'Cron text, one a line: 5 fields, 6 (seconds first) or 7 (seconds first, year last)',
    }),
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 100 })),
    enabled: Type.Optional(Type.Boolean()),
    timezone: Type.Optional(Type.String({ minLength: 1, description: 'IANA name' })),
    dst: Type.Optional(Type.Enum(['auto', 'skip', 'both'])),
    startAt: Type.Optional(Type.String({ pattern: ISO })),
    endAt: Type.Optional(Type.String({ pattern: ISO })),
    jitterMs: ms('At most this much is added to each fire time'),
    overlap: Type.Optional(Overlap),
    misfire: Type.Optional(Misfire),
    timeout: Type.Optional(Timeout),
    killGraceMs: ms('From TERM to KILL'),
    retry: Type.Optional(Retry),
    lostAfterMs: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('never')])),
    placement: Type.Optional(Placement),
    runAs: Type.Optional(Type.String({ minLength: 1 })),
    cwd: Type.Optional(Type.String({ minLength: 1 })),
    env: Type.Optional(Type.Record(Type.String(), Type.String())),
    shell: Type.Optional(Type.String({ minLength: 1 })),
    stdin: Type.Optional(Type.String({ maxLength: 100_000 })),
    params: Type.Optional(Type.Record(Type.String(), Type.String())),
    outputLimitBytes: Type.Optional(Type.Integer({ minimum: 1024, maximum: 1_000_000_000 })),
    retention: Type.Optional(
      Type.Object(
        {
          days: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 36_500,
              description: 'Its runs are kept so many days, whatever --retention-days says',
            }),
          ),
          runs: Type.Optional(
            Type.Integer({
              minimum: 1,
              description: 'Of its ended runs so many are kept, the newest; those of the last two hours stay in any case',
            }),
          ),
        },
        closed,
      ),
    ),
    alerts: Type.Optional(Type.Array(Type.Unknown())),
  },
  { ...closed, $id: 'Job', title: 'Job' },
);
export type Job = Static<typeof Job>;

/** What counts for a job after its defaults: every field that the worker and the leader look at. Lengths in milliseconds. */
export type FullJob = {
  readonly name: string;
  readonly command: string;
  readonly cronExpr: string;
  readonly enabled: boolean;
  readonly timezone: string;
  readonly dst: 'auto' | 'skip' | 'both';
  readonly startAt: string | undefined;
  readonly endAt: string | undefined;
  readonly jitterMs: number;
  readonly overlap: OverlapPolicy;
  /** How many may wait under overlap `queue`. */
  readonly queueMax: number;
  readonly misfire: MisfirePolicy;
  readonly lateAfterMs: number;
  readonly withinMs: number;
  readonly timeoutMs: number | undefined;
  readonly timeoutAction: 'kill' | 'abandon' | 'alert';
  readonly retry: RetryRule;
  readonly killGraceMs: number;
  readonly lostAfterMs: number | 'never';
  /** `all`: each worker that matches runs each tick. */
  readonly mode: 'one' | 'all';
  readonly workers: readonly string[];
  readonly labels: readonly string[];
  readonly runAs: string | undefined;
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly shell: string;
  readonly stdin: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly outputLimitBytes: number;
  /** How long its runs are kept, and how many; where it says nothing, the cluster's own days count. */
  readonly retention: { readonly days?: number; readonly runs?: number };
};

export type OverlapPolicy = 'skip' | 'allow' | 'replace' | 'queue';
export type RetryRule = {
  readonly max: number;
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  readonly elsewhere: boolean;
  readonly on?: number[];
  readonly timeouts: boolean;
  readonly lost: boolean;
};
export type MisfirePolicy = 'skip' | 'once' | 'all';

export { DEFAULTS };

/** The policy of `overlap` as it is written: by its name, or with a length of its queue. */
export const overlapPolicyOf = (overlap: Job['overlap']): OverlapPolicy =>
  (typeof overlap === 'object' ? overlap.policy : overlap) ?? 'skip';

/** The job with its defaults. `scale` divides the lengths that tests make shorter (lateAfterMs, lostAfterMs, killGraceMs); 1 otherwise. */
export const withDefaults = (job: Job, scale = 1): FullJob => ({
  name: job.name,
  command: job.command,
  cronExpr: job.cronExpr,
  enabled: job.enabled ?? true,
  timezone: job.timezone ?? DEFAULTS.timezone,
  dst: job.dst ?? 'auto',
  startAt: job.startAt,
  endAt: job.endAt,
  jitterMs: job.jitterMs ?? 0,
  overlap: overlapPolicyOf(job.overlap),
  queueMax: typeof job.overlap === 'object' ? (job.overlap.max ?? 1) : 1,
  misfire: job.misfire?.policy ?? 'skip',
  lateAfterMs: (job.misfire?.lateAfterMs ?? DEFAULTS.lateAfterMs) / scale,
  withinMs: job.misfire?.withinMs ?? DEFAULTS.withinMs,
  timeoutMs: job.timeout?.afterMs,
  timeoutAction: job.timeout?.action ?? 'kill',
  retry: { ...DEFAULTS.retry, ...job.retry },
  killGraceMs: (job.killGraceMs ?? DEFAULTS.killGraceMs) / scale,
  lostAfterMs: job.lostAfterMs === 'never' ? 'never' : (job.lostAfterMs ?? DEFAULTS.lostAfterMs) / scale,
  mode: job.placement?.mode ?? 'one',
  workers: job.placement?.workers ?? [],
  labels: job.placement?.labels ?? [],
  runAs: job.runAs,
  cwd: job.cwd,
  env: job.env ?? {},
  shell: job.shell ?? DEFAULTS.shell,
  stdin: job.stdin,
  params: job.params ?? {},
  outputLimitBytes: job.outputLimitBytes ?? DEFAULTS.outputLimitBytes,
  retention: job.retention ?? {},
});

/** Names the schedule and what else moves a job's mark when it changes (design.md §5): two jobs with the same hash have the same ticks. */
export const scheduleHash = (job: Job): string =>
  hashText(
    JSON.stringify([
      job.cronExpr,
      job.timezone ?? DEFAULTS.timezone,
      job.dst ?? 'auto',
      job.startAt ?? null,
      job.endAt ?? null,
      job.jitterMs ?? 0,
      job.placement?.mode ?? 'one',
      job.enabled ?? true,
    ]),
  );

export const isJobName = (name: string): boolean =>
  NAME.test(name) && name !== '.' && name !== '..' && name.normalize('NFC') === name;

const checkShape = createCheck(Job);

/** Checks what somebody sent as a job: all problems at once, each with its path. The schedule's text is checked by `checkSchedule` (schedule/compile.ts) on top. */
export const checkJob = (value: unknown): Checked<Job> => {
  const checked = checkShape(value);
  const shape = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const problems = [
    ...(checked.ok ? [] : checked.problems),
    ...(typeof shape['name'] === 'string' ? nameProblems(shape['name']) : []),
  ];
  if (checked.ok) problems.push(...ruleProblems(checked.value), ...notYet(checked.value));
  return checked.ok && problems.length === 0 ? checked : { ok: false, problems };
};

const nameProblems = (name: string): readonly FieldProblem[] => {
  if (isJobName(name)) return [];
  const why = name.includes('/')
    ? '"/" is reserved'
    : name === '.' || name === '..'
      ? `"${name}" cannot be told from a folder`
      : NAME.test(name)
        ? 'write it in Unicode NFC'
        : 'use 1 to 128 letters, digits, ".", "_" or "-"';
  return [{ path: '/name', code: 'badName', message: `not a name for a job: ${why}` }];
};

const ruleProblems = (job: Job): FieldProblem[] => {
  const problems: FieldProblem[] = [];
  const full = withDefaults(job);
  if (job.command.trim() === '') problems.push({ path: '/command', code: 'invalid', message: 'the command is empty' });
  if (job.command.includes('\0'))
    problems.push({ path: '/command', code: 'invalid', message: 'a command cannot contain the character NUL' });
  if (full.lostAfterMs !== 'never' && full.lostAfterMs < full.killGraceMs + 30_000)
    problems.push({
      path: '/lostAfterMs',
      code: 'tooSmall',
      message: `must be at least killGraceMs + 30000, here ${String(full.killGraceMs + 30_000)}`,
    });
  for (const field of ['env', 'params'] as const)
    for (const [name, value] of Object.entries(job[field] ?? {})) {
      if (!ENV_NAME.test(name))
        problems.push({
          path: `/${field}/${name}`,
          code: 'badName',
          message: `"${name}" is not a name for an environment variable`,
        });
      if (value.includes('\0'))
        problems.push({ path: `/${field}/${name}`, code: 'invalid', message: 'cannot contain the character NUL' });
    }
  for (const field of ['startAt', 'endAt'] as const) {
    const text = job[field];
    if (text !== undefined && Number.isNaN(Date.parse(text)))
      problems.push({ path: `/${field}`, code: 'invalid', message: 'not an instant, as 2027-01-31T09:00:00Z' });
  }
  return problems;
};
