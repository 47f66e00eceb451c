import { startChild, type Child } from './child.ts';
import { instant, looking, uptimeMs } from './clock.ts';
import { groupsAlive } from './proc.ts';
import { PROTOCOL, type Answer, type News, type Request } from './protocol.ts';

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

const nameOf = (runId: string, attempt: number): string => `${runId}/${String(attempt)}`;

/** The runs of this launcher, and its answers to what is asked of it. */
export const createChildren = ({ build, tell, isAlone, leave }: ChildrenDeps) => {
  const children = new Map<string, Child>();
  const startedAt = instant();
  let isStopping = false;
  let idleSince: number | undefined;

  const look = (): number => {
    const now = uptimeMs();
    const groupLives = groupsAlive();
    let next = now + LONGEST_MS;
    for (const child of children.values()) next = Math.min(next, child.look(now, groupLives));
    if (children.size > 0 || !(isStopping || isAlone())) {
      idleSince = undefined;
      return children.size > 0 ? Math.max(5, next - now) : RESTING_MS;
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
    const started = startChild(order, {
      news: tell,
      changed: () => {
        looks.soon();
      },
      ended: () => {
        children.delete(name);
        if (isStopping) looks.soon();
      },
    });
    if (started.type === 'failed') return started.why.then((error) => ({ type: 'failed', error }));
    children.set(name, started.child);
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
