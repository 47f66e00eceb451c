/**
 * What worker and launcher say to each other: one JSON object a line over a Unix socket, and the files of a run's spool folder. Types and names only.
 * `v` is raised when a reader of the old version could no longer understand a message.
 */
export const PROTOCOL = 1;
export const SOCKET_NAME = 'launcher.sock';

/** Files of the spool folder of one attempt. `out` is the command's own stdout and stderr; `exit` is written by the launcher before it is told. */
export const FILES = {
  run: 'run.json',
  begun: 'begun',
  pid: 'pid',
  command: 'command',
  stdin: 'in',
  out: 'out',
  events: 'events',
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
  readonly cwd?: string;
  /** All of it: nothing of the launcher's or the worker's own environment is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly killGraceMs: number;
  readonly timeoutMs?: number;
  /** Uptime in ms (clock.ts) at which nothing of the run may live any more. */
  readonly until?: number;
};

export type Request =
  | { readonly id: number; readonly type: 'hello'; readonly v: number }
  | { readonly id: number; readonly type: 'start'; readonly order: StartOrder }
  | {
      readonly id: number;
      readonly type: 'end';
      readonly runId: string;
      readonly attempt: number;
      readonly cause: Cause;
      readonly by?: string;
    }
  | {
      readonly id: number;
      readonly type: 'deadlines';
      readonly untils: readonly { readonly runId: string; readonly attempt: number; readonly until: number }[];
    }
  /** Ends itself when its last run has ended. */
  | { readonly id: number; readonly type: 'stop' };

export type LiveEntry = {
  readonly runId: string;
  readonly attempt: number;
  readonly pid: number;
  readonly startTime: string;
  readonly startedAt: string;
  readonly cause?: Cause;
};

export type Answer =
  | { readonly id: number; readonly type: 'hello'; readonly v: number; readonly pid: number; readonly runs: readonly LiveEntry[] }
  | { readonly id: number; readonly type: 'started'; readonly entry: LiveEntry }
  /** Nothing was started, and `error` says why. */
  | { readonly id: number; readonly type: 'failed'; readonly error: string; readonly cause?: Cause }
  /** Of `end`: whether such a run lives. */
  | { readonly id: number; readonly type: 'told'; readonly live: boolean };

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
};

export type News =
  | { readonly type: 'exited'; readonly exit: Exit }
  | {
      readonly type: 'signalled';
      readonly runId: string;
      readonly attempt: number;
      readonly signal: string;
      readonly cause: Cause;
    };
