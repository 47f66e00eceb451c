import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Accounts, Identity } from './accounts.ts';
import { ROLES, type Role } from './credentials.ts';
import { hostnameOf, isLoopbackName, isSameOrigin } from './origin.ts';
import { refused, Refused } from './problems.ts';
import type { Attempts } from './sign-in-codes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route: this role or a higher one. `public`: everybody. */
    role?: Role | 'public';
  }
  interface FastifyRequest {
    /** Who asks; set wherever a route asks for a role. */
    identity: Identity;
  }
}

export const COOKIE = 'cronstream_session';
const ANYBODY: Identity = { name: 'anybody', role: 'admin' };
const GUARDED = /^\/(api|job|worker)(\/|$)/;

const changesState = (method: string): boolean => !['GET', 'HEAD', 'OPTIONS'].includes(method);
const isSocket = ({ headers }: FastifyRequest): boolean => headers.upgrade !== undefined;

export type AuthDeps = { readonly accounts: Accounts; readonly attempts: Attempts; readonly noAuth: boolean };

/** Lets nobody in who may not: every route under /api, /job and /worker names a role, or the app is not built. Answers how to ask again about who was let in. */
export const registerAuth = (
  app: FastifyInstance,
  { accounts, attempts, noAuth }: AuthDeps,
): { readonly isStillIn: (request: FastifyRequest) => Promise<boolean> } => {
  app.decorateRequest('identity');
  app.addHook('onRoute', ({ url, config }) => {
    if (GUARDED.test(url) && config?.role === undefined) throw new Error(`The route ${url} names no role.`);
  });
  app.addHook('onRequest', async (request) => {
    if (noAuth && !isLoopbackName(hostnameOf(request.headers.host)))
      throw refused(403, 'badHost', 'This master answers on its own machine only', {
        detail: 'It runs without authentication: ask for it by localhost or 127.0.0.1.',
      });
    const role = request.routeOptions.config.role;
    if (role === undefined) return;
    const asked = changesState(request.method) || isSocket(request);
    // A bearer token is never sent by a page elsewhere on its own; a cookie may be, and without authentication everything is.
    if (asked && (noAuth || bearerOf(request) === undefined) && !isSameOrigin(request.headers))
      throw refused(403, 'otherOrigin', 'The request comes from a page elsewhere');
    if (role === 'public') return;
    const identity = noAuth ? ANYBODY : await whoAsks(request);
    if (ROLES.indexOf(identity.role) < ROLES.indexOf(role))
      throw refused(403, 'forbidden', 'Your role does not allow this', {
        detail: `It needs the role ${role}; yours is ${identity.role}.`,
      });
    request.identity = identity;
  });

  const whoAsks = async (request: FastifyRequest): Promise<Identity> => {
    const bearer = bearerOf(request);
    const cookie = request.cookies[COOKIE];
    if (bearer === undefined && cookie === undefined)
      throw refused(401, 'notSignedIn', 'Sign in first', {
        detail: 'Send a session cookie, or "Authorization: Bearer <token>".',
      });
    // Who guesses is not worth a read of the store; who is known already goes on.
    const isTooMany = bearer !== undefined && attempts.isTooMany(request.ip);
    const identity =
      bearer === undefined ? await accounts.bySession(cookie ?? '') : await accounts.byToken(bearer, { mayRead: !isTooMany });
    if (identity) return identity;
    if (isTooMany) throw tooMany();
    if (bearer !== undefined) attempts.failed(request.ip);
    throw refused(
      401,
      bearer === undefined ? 'sessionEnded' : 'badToken',
      bearer === undefined ? 'The session has ended' : 'The token is not known',
    );
  };

  return {
    isStillIn: async (request) => {
      if (noAuth) return true;
      try {
        await whoAsks(request);
        return true;
      } catch (error) {
        return !(error instanceof Refused); // a store that is away signs nobody out
      }
    },
  };
};

/** For the login route too: it counts with the same attempts. */
export const tooMany = (): Refused => refused(429, 'tooManyFailures', 'Too many failed logins', { detail: 'Wait for a minute.' });

const bearerOf = ({ headers }: FastifyRequest): string | undefined => /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
