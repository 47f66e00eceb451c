import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { ROLES } from '../credentials.ts';
import { COOKIE, tooMany } from '../auth.ts';
import { isSecure } from '../origin.ts';
import type { Parts } from '../parts.ts';
import { refused } from '../problems.ts';
import { answers, closed } from './shared.ts';

const Me = Type.Object({ name: Type.String(), role: Type.Enum([...ROLES]), noAuth: Type.Boolean() });
const WEEK_S = 7 * 86_400;

const cookieOptions = ({ protocol, headers }: FastifyRequest) =>
  ({ path: '/', httpOnly: true, sameSite: 'strict', secure: isSecure(protocol, headers) }) as const;

/** Sets the session's cookie. The session itself ends in the store, whatever the browser keeps. */
export const setSession = (request: FastifyRequest, reply: FastifyReply, cookie: string): FastifyReply =>
  reply.setCookie(COOKIE, cookie, { ...cookieOptions(request), maxAge: WEEK_S });

/** Who signs in, who signs out, who one is. */
export const sessionRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { accounts, attempts, noAuth }) => {
  app.post(
    '/login',
    {
      config: { role: 'public' },
      schema: {
        summary: 'Exchange a token for a session cookie',
        tags: ['session'],
        body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 500 }) }, closed),
        response: answers({ 200: Me }, 400),
      },
    },
    async (request, reply) => {
      if (attempts.isTooMany(request.ip)) throw tooMany();
      const found = await accounts.login(request.body.token);
      if (!found) {
        attempts.failed(request.ip);
        throw refused(401, 'badToken', 'The token is not known');
      }
      setSession(request, reply, found.cookie);
      return { name: found.identity.name, role: found.identity.role, noAuth };
    },
  );

  app.post(
    '/logout',
    { config: { role: 'viewer' }, schema: { summary: 'End the session', tags: ['session'], response: { 204: Type.Null() } } },
    async (request, reply) => {
      const { session } = request.identity;
      if (session !== undefined) await accounts.logout(session);
      return reply.clearCookie(COOKIE, cookieOptions(request)).code(204).send(null);
    },
  );

  app.get(
    '/me',
    { config: { role: 'viewer' }, schema: { summary: 'Who I am here', tags: ['session'], response: answers({ 200: Me }) } },
    async ({ identity: { name, role } }) => ({ name, role, noAuth }),
  );
};

/** The link that signs in once: outside of the API, since a person opens it. */
export const signInRoute: FastifyPluginAsyncTypebox<Parts> = async (app, { accounts, attempts }) => {
  app.get(
    '/login',
    { schema: { hide: true, querystring: Type.Object({ code: Type.Optional(Type.String({ maxLength: 200 })) }) } },
    async (request, reply) => {
      const { code } = request.query;
      // Without a code it is a page of the console.
      if (code === undefined || attempts.isTooMany(request.ip)) {
        reply.callNotFound();
        return reply;
      }
      const cookie = await accounts.redeem(code);
      if (cookie === undefined) attempts.failed(request.ip);
      else setSession(request, reply, cookie);
      return reply.redirect(cookie === undefined ? '/login' : '/', 303);
    },
  );
};
