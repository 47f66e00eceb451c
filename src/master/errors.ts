import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FieldProblem } from '../domain/problem.ts';
import type { Problem } from '../domain/wire.ts';
import { Unavailable, type Coordination, type LogUpkeep, type RunLog } from '../streams/ports.ts';
import { badInput, problem, Refused, type Store } from './problems.ts';

const WORDS: Readonly<Record<Store, string>> = { coordination: 'The coordination store', runLog: 'The run log' };

/** A store that did not answer, and which of the two. */
export class StoreAway extends Error {
  override readonly name = 'StoreAway';
  readonly store: Store;
  constructor(store: Store, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.store = store;
  }
}

const named =
  <A extends readonly unknown[], R>(store: Store, call: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    try {
      return await call(...args);
    } catch (error) {
      throw error instanceof Unavailable ? new StoreAway(store, error) : error;
    }
  };

const namedPages = <A extends readonly unknown[], R>(store: Store, call: (...args: A) => AsyncIterable<R>) =>
  async function* (...args: A): AsyncIterable<R> {
    try {
      yield* call(...args);
    } catch (error) {
      throw error instanceof Unavailable ? new StoreAway(store, error) : error;
    }
  };

/** The calls that routes make, so that an answer can say which store is away. Feeds and leases take the store itself. */
export type RouteStores = {
  readonly coordination: Pick<Coordination, 'list' | 'transact' | 'grantLease' | 'renewLease' | 'revokeLease'>;
  readonly runLog: Omit<RunLog, 'append' | 'close'> & Pick<LogUpkeep, 'audit' | 'touchedHours' | 'statsOf' | 'hours'>;
};

export const routeStores = (coordination: Coordination, runLog: RunLog & LogUpkeep): RouteStores => ({
  coordination: {
    list: named('coordination', coordination.list),
    transact: named('coordination', coordination.transact),
    grantLease: named('coordination', coordination.grantLease),
    renewLease: named('coordination', coordination.renewLease),
    revokeLease: named('coordination', coordination.revokeLease),
  },
  runLog: {
    eventsOf: named('runLog', runLog.eventsOf),
    event: named('runLog', runLog.event),
    runs: named('runLog', runLog.runs),
    run: named('runLog', runLog.run),
    eventsAbout: named('runLog', runLog.eventsAbout),
    runsOfTicks: named('runLog', runLog.runsOfTicks),
    audit: named('runLog', runLog.audit),
    touchedHours: named('runLog', runLog.touchedHours),
    statsOf: named('runLog', runLog.statsOf),
    hours: namedPages('runLog', runLog.hours),
    ping: named('runLog', runLog.ping),
  },
});

/** What is told of an error: never more than the caller may know. */
export const problemOf = (error: unknown): Problem => {
  if (error instanceof Refused) return error.problem;
  if (error instanceof StoreAway)
    return problem(503, 'unavailable', 'A store cannot be reached', {
      detail: `${WORDS[error.store]} does not answer: ${error.message} What was asked for may have been done.`,
      store: error.store,
    });
  const { validation, code, statusCode, message } = error as Partial<FastifyError>;
  if (validation) return badInput(validation as unknown as readonly FieldProblem[]).problem;
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return problem(413, 'tooBig', 'The body is too big', { detail: 'A body may have at most 1 MB.' });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem(415, 'mediaType', 'The body is of a type that is not read here', { detail: 'Send application/json.' });
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem(400, 'notJson', 'The body is not JSON', message === undefined ? {} : { detail: message });
    default:
      break;
  }
  if (error instanceof SyntaxError && statusCode === 400)
    return problem(400, 'notJson', 'The body is not JSON', { detail: error.message });
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return problem(statusCode, 'badRequest', 'The request cannot be read', message === undefined ? {} : { detail: message });
  return problem(500, 'internal', 'Something went wrong here', { detail: 'The log of this master says more.' });
};

export const sendProblem = (reply: FastifyReply, told: Problem): FastifyReply =>
  reply.code(told.status).type('application/problem+json').send(JSON.stringify(told));

/** Every error of every route leaves as a problem; the classic routes put it into their own shape. */
export const registerErrors = (app: FastifyInstance): void => {
  app.setErrorHandler((error, request: FastifyRequest, reply) => {
    const told = problemOf(error);
    if (told.status >= 500) request.log.error({ err: error }, 'a request failed');
    return sendProblem(reply, told);
  });
};

/** Paths that nobody serves, and methods that a path does not know (405, with those it knows). `pages` answers what may be a page of the console. */
export const registerNotFound = (
  app: FastifyInstance,
  pages: (request: FastifyRequest, reply: FastifyReply) => unknown,
): void => {
  const methods = new Map<string, { readonly is: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return;
    const is = new RegExp(`^${url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}/?$`);
    const known = methods.get(url) ?? { is, methods: new Set<string>() };
    for (const each of [method].flat()) known.methods.add(each);
    methods.set(url, known);
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const others = [...methods.values()].filter(({ is }) => is.test(path)).flatMap((known) => [...known.methods]);
    if (others.length > 0 && !others.includes(request.method))
      return sendProblem(
        reply.header('allow', [...new Set(others)].join(', ')),
        problem(405, 'methodNotAllowed', 'The path does not know this method', { detail: `It knows ${others.join(', ')}.` }),
      );
    if (isApi(path) || !['GET', 'HEAD'].includes(request.method))
      return sendProblem(reply, problem(404, 'notFound', 'Nothing is served under this path'));
    return pages(request, reply);
  });
};

const isApi = (path: string): boolean => /^\/(api|job|worker|docs|metrics|healthz|readyz)(\/|$)/.test(path);
