/** Where everything lies in the coordination store. The only place that knows the prefix and the shape of keys. */
export type Keys = ReturnType<typeof createKeys>;

export const DEFAULT_PREFIX = '/cron';

/** @param prefix as given by `--prefix`; a slash at its end makes no difference. */
export const createKeys = (prefix: string = DEFAULT_PREFIX) => {
  const root = prefix.replace(/\/+$/, '');
  const at = (...parts: readonly string[]): string => [root, ...parts].join('/');
  const after =
    (start: string) =>
    (key: string): string =>
      key.slice(start.length);
  const pair =
    (start: string) =>
    (key: string): { readonly job: string; readonly id: string | undefined } => {
      const [job = '', ...rest] = key.slice(start.length).split('/');
      return { job, id: rest.length > 0 ? rest.join('/') : undefined };
    };
  const [jobs, ticks, lock, runs, last, queue, killer, workers, masters, outbox, sessions, tokens, drain] = [
    'jobs',
    'ticks',
    'lock',
    'runs',
    'last',
    'queue',
    'killer',
    'workers',
    'masters',
    'outbox',
    'sessions',
    'tokens',
    'drain',
  ].map((each) => at(each, '')) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    root,
    jobs,
    ticks,
    locks: lock,
    runs,
    lasts: last,
    queue,
    killers: killer,
    workers,
    masters,
    outbox,
    sessions,
    tokens,
    drains: drain,
    warnings: at('warn', ''),
    job: (name: string) => jobs + name,
    /** `of`: the worker whose ticks they are, under placement `all`. */
    tick: (job: string, of?: string) => (of === undefined ? ticks + job : `${ticks}${job}/${of}`),
    lock: (job: string, of?: string) => (of === undefined ? lock + job : `${lock}${job}/${of}`),
    runsOf: (job: string) => `${runs}${job}/`,
    run: (job: string, runId: string) => `${runs}${job}/${runId}`,
    last: (job: string) => last + job,
    queueOf: (job: string) => `${queue}${job}/`,
    queued: (job: string, runId: string) => `${queue}${job}/${runId}`,
    killersOf: (job: string) => `${killer}${job}/`,
    killer: (job: string, runId?: string) => (runId === undefined ? killer + job : `${killer}${job}/${runId}`),
    worker: (id: string) => workers + id,
    master: (id: string) => masters + id,
    leader: at('master'),
    outboxItem: (id: string) => outbox + id,
    session: (id: string) => sessions + id,
    token: (id: string) => tokens + id,
    drain: (workerId: string) => drain + workerId,
    warning: (job: string) => at('warn', job),
    meta: at('meta'),
    settings: at('settings'),
    /** The job of a `jobs/`, `ticks/`, `lock/` or `last/` key. */
    jobOf: after(jobs),
    tickOf: pair(ticks),
    lockOf: pair(lock),
    /** What a cursor or a lock is of: `<job>`, under placement `all` `<job>/<workerId>`. */
    nameOfTick: after(ticks),
    nameOfLock: after(lock),
    jobOfLast: after(last),
    runOf: pair(runs),
    queuedOf: pair(queue),
    killOf: pair(killer),
    workerOf: after(workers),
    masterOf: after(masters),
    outboxOf: after(outbox),
    drainOf: after(drain),
    jobOfWarning: after(at('warn', '')),
  } as const;
};
