/**
 * What worker and launcher say to each other: one JSON object a line over a Unix socket, and the files of a run's spool folder. Types, names and the arguments of `setpriv`.
 * `v` is raised when a reader of the old version could no longer understand a message.
 */
export const PROTOCOL = 1;

/** Launchers of one data folder are numbered: the highest that answers is the one that starts runs, the others end with their last run. */
export const socketName = (generation: number): string => `launcher.${String(generation)}.sock`;

/** The numbers among the names of a data folder, highest first. */
export const generationsIn = (names: readonly string[]): readonly number[] =>
  names
    .map((name) => Number(/^launcher\.(\d+)\.sock$/.exec(name)?.[1]))
    .filter((generation) => generation > 0)
    .toSorted((a, b) => b - a);

/** Exit code of a launcher that found another one in its place. */
export const PLACE_IS_TAKEN = 3;

/** Files of the spool folder of one attempt, few of them: making and removing files is a large part of what a short run costs. `run` has what it was meant as, what it was claimed as, and
 *  that it was begun, a JSON line each; `out` is the command's own stdout and stderr; `exit` is written by the launcher before it is told. */
export const FILES = {
  run: 'run',
  pid: 'pid',
  command: 'command',
  stdin: 'in',
  out: 'out',
  events: 'events',
  shipped: 'shipped',
  exit: 'exit',
} as const;

export type Cause = 'killed' | 'timedOut' | 'leaseLost' | 'replaced' | 'drained';

export type StartOrder = {
  readonly runId: string;
  readonly attempt: number;
  /** The spool folder, absolute. */
  readonly dir: string;
  readonly command: string;
  readonly shell: string;
  /** Where it is absent: the `HOME` of `env` if that is a folder, else `/`. */
  readonly cwd?: string;
  /** All of it: nothing of the launcher's or the worker's own environment is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Another user than the launcher's own: by the program `setpriv`, with the groups of that user and no capability. Only root can do it. */
  readonly as?: { readonly setpriv: string; readonly uid: number; readonly gid: number };
  readonly killGraceMs: number;
  readonly timeoutMs?: number;
  /** Uptime in ms (clock.ts) at which nothing of the run may live any more. */
  readonly until?: number;
};

/** Arguments of `setpriv`, before the command: user, group and all further groups of that user, and no capability. */
export const becomes = ({ uid, gid }: { readonly uid: number; readonly gid: number }): readonly string[] => [
  `--reuid=${String(uid)}`,
  `--regid=${String(gid)}`,
  '--init-groups',
  '--inh-caps=-all',
  '--',
];

export type Request = { readonly v: number; readonly id: number } & (
  | { readonly type: 'hello' }
  | { readonly type: 'start'; readonly order: StartOrder }
  | {
      readonly type: 'end';
      readonly runId: string;
      readonly attempt: number;
      readonly cause: Cause;
      readonly by?: string;
    }
  | {
      readonly type: 'deadlines';
      readonly untils: readonly { readonly runId: string; readonly attempt: number; readonly until: number }[];
    }
  /** Starts nothing from here on, and ends itself when its last run has ended; with a cause it ends them all. */
  | { readonly type: 'stop'; readonly cause?: Cause; readonly by?: string }
);

export type LiveEntry = {
  readonly runId: string;
  readonly attempt: number;
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: with it the pid names one process for ever. */
  readonly startTime: string;
  readonly startedAt: string;
  readonly cause?: Cause;
};

export type Answer = { readonly v: number; readonly id: number } & (
  | {
      readonly type: 'hello';
      readonly pid: number;
      readonly startedAt: string;
      /** What the worker that started it called its program. */
      readonly build: string;
      readonly isStopping: boolean;
      readonly runs: readonly LiveEntry[];
    }
  | { readonly type: 'started'; readonly entry: LiveEntry }
  /** Nothing was started or done, and `error` says why in words for a person. */
  | { readonly type: 'failed'; readonly error: string }
  /** Of `end`: whether such a run lives. Of `stop`: whether any does. */
  | { readonly type: 'told'; readonly live: boolean }
);

/** What a run has used. CPU is that of the command and of all that it waited for, to 10 ms; memory is the most that was seen resident, absent where the run was over before the first look. */
export type Usage = {
  readonly cpuUserMs: number;
  readonly cpuSystemMs: number;
  readonly peakMemoryBytes?: number;
  /** Others ended in the same instant: the CPU of all of them was divided. */
  readonly shared?: boolean;
};

export type Exit = {
  readonly v: number;
  readonly runId: string;
  readonly attempt: number;
  readonly at: string;
  readonly startedAt: string;
  readonly pid: number;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly cause?: Cause;
  readonly by?: string;
  readonly usage?: Usage;
};

export type News = { readonly v: number } & (
  | { readonly type: 'exited'; readonly exit: Exit }
  | {
      readonly type: 'signalled';
      readonly runId: string;
      readonly attempt: number;
      readonly signal: string;
      readonly cause: Cause;
    }
);
