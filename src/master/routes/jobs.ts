import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Job } from '../../domain/job.ts';
import { JobView, page } from '../../domain/wire.ts';
import { Outcome } from '../../domain/words.ts';
import { listJobs } from '../job-list.ts';
import type { Precondition, Saved } from '../jobs.ts';
import { speak } from '../language.ts';
import type { Parts } from '../parts.ts';
import { badField } from '../problems.ts';
import { bodyCheckedByHandler } from '../validation.ts';
import { spoken } from '../views.ts';
import { answers, asOf, ByName, closed, limit } from './shared.ts';

const JobsQuery = Type.Object(
  {
    q: Type.Optional(Type.String({ maxLength: 200, description: 'Words in name, description, command, cron text or tags' })),
    tag: Type.Optional(Type.String()),
    enabled: Type.Optional(Type.Boolean()),
    outcome: Type.Optional({ ...Outcome, description: 'Of the last run' }),
    sort: Type.Optional(Type.String({ description: 'name, nextFireTime or lastRun; with "-" in front the other way round' })),
    cursor: Type.Optional(Type.String()),
    limit: limit(1_000),
  },
  closed,
);

const QUOTED = /^"([^"]*)"$/;

/** If-Match with one revision, or If-None-Match: *. */
const preconditionOf = (headers: Readonly<Record<string, string | string[] | undefined>>): Precondition => {
  const [match, noneMatch] = [headers['if-match'], headers['if-none-match']];
  if (noneMatch !== undefined) {
    if (noneMatch !== '*' || match !== undefined) throw badField('/headers/if-none-match', 'invalid', 'only "*" is understood');
    return { type: 'absent' };
  }
  if (match === undefined) return { type: 'none' };
  const is = match === '*' ? '*' : QUOTED.exec(String(match))?.[1];
  if (is === undefined) throw badField('/headers/if-match', 'invalid', 'write one revision in quotes, as "17"');
  return { type: 'revision', is };
};

const told = (request: FastifyRequest, reply: FastifyReply, { view, isNew }: Saved): JobView => {
  reply.code(isNew ? 201 : 200).header('etag', `"${view.revision}"`);
  return spoken(view, speak(request.headers, reply));
};

/** The REST of jobs. */
export const jobRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { jobs, orders, projection, savers, clock }) => {
  app.get(
    '/jobs',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'A page of jobs',
        tags: ['jobs'],
        querystring: JobsQuery,
        response: answers({ 200: page(JobView) }, 400),
      },
    },
    async ({ query, headers }, reply) => {
      const position = asOf(projection);
      return { ...listJobs(projection.seen, query, clock.now(), speak(headers, reply)), asOf: position };
    },
  );

  app.get(
    '/jobs/:name',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'One job',
        description:
          '`savedBy` and `savedAt` are here and in the answers of PUT and PATCH, not in lists; a job that was put by hand has neither.',
        tags: ['jobs'],
        params: ByName,
        response: answers({ 200: JobView }, 404),
      },
    },
    async (request, reply) => {
      const view = await jobs.get(request.params.name);
      const saver = await savers(request.params.name, Number(view.revision));
      return told(request, reply, { view: { ...view, ...saver }, isNew: false });
    },
  );

  const changes = { config: { role: 'editor' }, validatorCompiler: bodyCheckedByHandler } as const;

  app.put(
    '/jobs/:name',
    {
      ...changes,
      schema: {
        summary: 'Create or replace a job',
        description: 'If-Match: "<revision>" saves only over that revision, If-None-Match: * only a new job.',
        tags: ['jobs'],
        params: ByName,
        body: Job,
        response: answers({ 200: JobView, 201: JobView }, 400, 412),
      },
    },
    async (request, reply) => {
      const { params, body, headers, identity } = request;
      return told(request, reply, await jobs.save(params.name, body, identity.name, preconditionOf(headers)));
    },
  );

  app.patch(
    '/jobs/:name',
    {
      ...changes,
      schema: {
        summary: 'Change some fields of a job (JSON merge patch)',
        tags: ['jobs'],
        params: ByName,
        body: Type.Partial(Job),
        response: answers({ 200: JobView }, 400, 404, 409, 412),
      },
    },
    async (request, reply) => {
      const { params, body, headers, identity } = request;
      return told(request, reply, await jobs.patch(params.name, body, identity.name, preconditionOf(headers)));
    },
  );

  app.delete(
    '/jobs/:name',
    {
      config: { role: 'editor' },
      schema: {
        summary: 'Delete a job',
        description: 'Its live runs go on, unless kill=true.',
        tags: ['jobs'],
        params: ByName,
        querystring: Type.Object({ kill: Type.Optional(Type.Boolean()) }, closed),
        response: { 204: Type.Null(), ...answers({}, 404, 412) },
      },
    },
    async ({ params, query, headers, identity }, reply) => {
      await jobs.delete(params.name, identity.name, preconditionOf(headers));
      if (query.kill === true) await orders.killAll(params.name, identity.name);
      return reply.code(204).send(null);
    },
  );
};
