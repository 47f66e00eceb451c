import { createRunGroups } from './cgroup.ts';
import { startChild, type Child } from './child.ts';
import { instant, looking, monotonicMs, uptimeMs } from './clock.ts';
import { processTable } from './proc.ts';
import { PROTOCOL, type Answer, type News, type Request } from './protocol.ts';
import { createAccount } from './usage.ts';

export type ChildrenDeps = {
  /** What the worker that started this launcher calls its program. */
  readonly build: string;
  readonly tell: (news: News) => void;
  readonly isAlone: () => boolean;
  /** Nobody needs this launcher any more. */
  readonly leave: () => void;
};

type Body = Answer extends infer A ? (A extends unknown ? Omit<A, 'v' | 'id'> : never) : never;

/** Without runs and without a worker it stays for this long: a worker that is being restarted finds it. */
const IDLE_MS = 60_000;
/** The longest time between two looks while anything lives: a machine that was suspended is noticed after it. */
const LONGEST_MS = 500;
const RESTING_MS = 1_000;
/** How often it is looked at what the runs use, and how soon after a start. */
const MEASURE_MS = 1_000;
const FIRST_MEASURE_MS = 100;
/** Looking must not cost more than a few percent of a core, however many processes the machine has. */
const REST_AFTER_MEASURE = 25;
const REST_AFTER_LOOK = 4;
/** How often cgroups that runs left behind are looked at: those that are empty by now go. */
const SWEEP_MS = 60_000;

const nameOf = (runId: string, attempt: number): string => `${runId}/${String(attempt)}`;

/** The runs of this launcher, and its answers to what is asked of it. */
export const createChildren = ({ build, tell, isAlone, leave }: ChildrenDeps) => {
  const children = new Map<string, Child>();
  const startedAt = instant();
  let isStopping = false;
  let idleSince: number | undefined;

  const account = createAccount();
  const groups = createRunGroups();
  let sweptAt = monotonicMs();
  let measureAt = Infinity;
  /** Not before this, whatever starts. */
  let restsUntil = 0;
  const measureSoon = (inMs: number): void => {
    measureAt = Math.min(measureAt, Math.max(restsUntil, monotonicMs() + inMs));
  };

  const look = (): number => {
    const began = monotonicMs();
    const now = uptimeMs();
    const table = processTable();
    let next = now + LONGEST_MS;
    for (const child of children.values()) next = Math.min(next, child.look(now, table));
    const took = monotonicMs() - began;
    if (began - sweptAt >= SWEEP_MS) {
      sweptAt = began;
      groups?.sweep();
    }
    if (began >= measureAt && children.size > 0) {
      for (const child of children.values()) child.measure(table);
      restsUntil = monotonicMs() + (monotonicMs() - began) * REST_AFTER_MEASURE;
      measureAt = Infinity;
      measureSoon(MEASURE_MS);
    }
    if (children.size > 0 || !(isStopping || isAlone())) {
      idleSince = undefined;
      if (children.size === 0) return RESTING_MS;
      return Math.max(5, REST_AFTER_LOOK * took, Math.min(next - now, measureAt - monotonicMs()));
    }
    idleSince ??= now;
    if (isStopping || now - idleSince >= IDLE_MS) leave();
    return RESTING_MS;
  };
  const looks = looking(look);

  const start = ({ order }: Extract<Request, { type: 'start' }>): Body | Promise<Body> => {
    if (isStopping) return { type: 'failed', error: 'this launcher is ending and starts nothing more' };
    const name = nameOf(order.runId, order.attempt);
    const live = children.get(name);
    if (live) return { type: 'started', entry: live.entry() };
    const started = startChild(
      order,
      {
        news: tell,
        changed: () => {
          looks.soon();
        },
        ended: () => {
          children.delete(name);
          if (isStopping) looks.soon();
        },
      },
      account,
      groups,
    );
    if (started.type === 'failed') return started.why.then((error) => ({ type: 'failed', error }));
    children.set(name, started.child);
    measureSoon(FIRST_MEASURE_MS);
    looks.soon();
    return { type: 'started', entry: started.child.entry() };
  };

  /** Throws with words for a person. */
  const body = (request: Request): Body | Promise<Body> => {
    switch (request.type) {
      case 'hello': {
        const runs = [...children.values()].map((child) => child.entry());
        return { type: 'hello', pid: process.pid, startedAt, build, isStopping, runs };
      }
      case 'start':
        return start(request);
      case 'end': {
        const child = children.get(nameOf(request.runId, request.attempt));
        child?.end(request.cause, request.by);
        return { type: 'told', live: child !== undefined };
      }
      case 'deadlines':
        for (const { runId, attempt, until } of request.untils)
          if (Number.isFinite(until)) children.get(nameOf(runId, attempt))?.setUntil(until);
        looks.soon();
        return { type: 'told', live: children.size > 0 };
      case 'stop':
        isStopping = true;
        if (request.cause !== undefined) for (const child of children.values()) child.end(request.cause, request.by);
        looks.soon();
        return { type: 'told', live: children.size > 0 };
      default:
        request satisfies never; // of a newer worker
        return { type: 'failed', error: 'this launcher does not know such a message' };
    }
  };

  /** Never throws and never rejects: what cannot be done is an answer. */
  const answer = async (request: Request): Promise<Answer> => {
    const head = { v: PROTOCOL, id: request.id };
    try {
      return { ...head, ...(await body(request)) };
    } catch (error) {
      return { ...head, type: 'failed', error: error instanceof Error ? error.message : String(error) };
    }
  };
  return { answer };
};
