import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyError } from 'fastify';
import { Type, type Static } from 'typebox';
import { ImportAnswer } from '../../domain/crontab/answer.ts';
import { Job } from '../../domain/job.ts';
import { isZone } from '../../domain/schedule/zone.ts';
import { createImport } from '../import/import.ts';
import { planCrontab } from '../import/plan-crontab.ts';
import { planJobs } from '../import/plan-jobs.ts';
import type { Plan } from '../import/plan.ts';
import { createTurns } from '../import/turns.ts';
import { exportText } from '../import/export.ts';
import type { Parts } from '../parts.ts';
import { badField, refused } from '../problems.ts';
import { bodyCheckedByHandler } from '../validation.ts';
import { answers, asOf, closed } from './shared.ts';

const MEGABYTES = 8;
const MOST_ITEMS = 50_000;

const ImportQuery = Type.Object(
  {
    dryRun: Type.Optional(Type.Boolean({ description: 'Writes nothing; tells what would become of each' })),
    prune: Type.Optional(
      Type.Boolean({ description: 'Removes the jobs that an earlier import of the same source made and this one has no more' }),
    ),
    source: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 80,
        description: 'Names where it comes from, as web1:/etc/crontab; marks the jobs',
      }),
    ),
    disabled: Type.Optional(Type.Boolean({ description: 'Jobs that are new are saved disabled' })),
    format: Type.Optional(
      Type.Enum(['user', 'system'], {
        description: 'Of a crontab: with a user before the command (system) or not; guessed if absent',
      }),
    ),
    seconds: Type.Optional(
      Type.Boolean({ description: 'A line of a crontab whose sixth word can be a time field has six, seconds first' }),
    ),
    timezone: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: 'Of the machine that the crontab comes from, where it names none',
      }),
    ),
    ignoreUser: Type.Optional(Type.Boolean({ description: 'Leaves the user column of a crontab out' })),
    workers: Type.Optional(
      Type.String({ maxLength: 2_000, description: 'Names of the workers that may run the jobs of a crontab, a,b' }),
    ),
    labels: Type.Optional(Type.String({ maxLength: 2_000, description: 'Labels that these workers must have, a,b=c' })),
  },
  closed,
);
type ImportQuery = Static<typeof ImportQuery>;

const Exported = Type.Object({
  jobs: Type.Array(Job),
  broken: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), reason: Type.String() }), {
      description: 'Keys whose value is no JSON object: they are not among the jobs',
    }),
  ),
});

/** Jobs in and out of a cluster: crontabs, and what an export wrote. */
export const importRoutes: FastifyPluginAsyncTypebox<Parts> = async (app, { jobs, projection, clock, log, timezone: usual }) => {
  const imports = createImport({ jobs, projection, clock, log });

  app.post(
    '/import',
    {
      config: { role: 'editor' },
      bodyLimit: MEGABYTES * 1024 * 1024,
      validatorCompiler: bodyCheckedByHandler,
      schema: {
        summary: 'Import a crontab or an export',
        description:
          'A crontab as text/plain, or {"jobs": […]} as JSON. Each job is saved by itself, and importing the same again changes nothing. The answer tells every line and every job.',
        tags: ['import'],
        querystring: ImportQuery,
        body: {
          content: {
            'application/json': { schema: Type.Object({ jobs: Type.Array(Job) }) },
            'text/plain': { schema: Type.String({ description: 'A crontab' }) },
          },
        },
        response: answers({ 200: ImportAnswer }, 400),
      },
      errorHandler: (error: FastifyError) => {
        throw error.code === 'FST_ERR_CTP_BODY_TOO_LARGE'
          ? refused(413, 'tooBig', 'The import is too big', {
              detail: `At most ${String(MEGABYTES)} MB are taken at once. Import it in parts; each with a source of its own, if you prune.`,
            })
          : error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE'
            ? refused(415, 'mediaType', 'The body is of a type that is not read here', {
                detail: 'Send a crontab as text/plain, or {"jobs": […]} as application/json.',
              })
            : error;
      },
    },
    async ({ body, query, identity }) => {
      asOf(projection);
      const { source } = query;
      const timezone = query.timezone ?? (typeof body === 'string' ? usual : undefined);
      const plan = await planOf(body, query, timezone, createTurns(clock));
      const answer = await imports.carryOut(plan, {
        dryRun: query.dryRun === true,
        prune: query.prune === true,
        by: identity.name,
      });
      return { ...answer, ...(source === undefined ? {} : { source }), ...(timezone === undefined ? {} : { timezone }) };
    },
  );

  app.get(
    '/export',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'All jobs, as import takes them back',
        description:
          'As they are stored, fields of newer versions included. What is in env is in it: whoever may see jobs sees that too.',
        tags: ['import'],
        response: answers({ 200: Exported }),
      },
    },
    async (_request, reply) => {
      asOf(projection);
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', 'attachment; filename="cronstream-jobs.json"')
        .send(Readable.from(exportText(projection.seen.jobs)));
    },
  );
};

const CRONTAB_ONLY = ['format', 'seconds', 'timezone', 'ignoreUser', 'workers', 'labels'] as const;

const planOf = async (
  body: unknown,
  query: ImportQuery,
  timezone: string | undefined,
  turn: () => Promise<void>,
): Promise<Plan> => {
  const { source = 'api', disabled: isDisabled = false, prune } = query;
  if (/[\p{Cc}]/u.test(source)) throw badField('/source', 'invalid', 'no control characters in the name of a source');
  if (prune === true && query.source === undefined)
    throw badField('/source', 'required', 'prune removes what an earlier import of the same source made: name the source');
  if (typeof body === 'string') {
    if (timezone !== undefined && !isZone(timezone))
      throw badField('/timezone', 'badTimezone', `"${timezone}" is not an IANA time zone, as Europe/Berlin`);
    const [workers, labels] = [listOf(query.workers), listOf(query.labels)];
    refuseTooMany(linesOf(body));
    const placement = { ...(workers.length > 0 && { workers: [...workers] }), ...(labels.length > 0 && { labels: [...labels] }) };
    const options = {
      source,
      format: query.format,
      seconds: query.seconds === true,
      timezone,
      ignoreUser: query.ignoreUser === true,
      isDisabled,
      placement: workers.length + labels.length === 0 ? undefined : placement,
    };
    return planCrontab(body, options, turn);
  }
  const jobs = typeof body === 'object' && body !== null ? (body as { readonly jobs?: unknown }).jobs : undefined;
  if (!Array.isArray(jobs)) throw badField('/jobs', 'required', 'send {"jobs": […]}, or a crontab as text/plain');
  const wrong = CRONTAB_ONLY.filter((name) => query[name] !== undefined);
  if (wrong.length > 0)
    throw badField(`/${wrong[0] ?? ''}`, 'invalid', `${wrong.join(', ')}: only a crontab is read with it, and this is JSON`);
  refuseTooMany(jobs.length);
  return planJobs(jobs, query.source, isDisabled);
};

const refuseTooMany = (count: number): void => {
  if (count > MOST_ITEMS)
    throw refused(413, 'tooBig', 'The import is too big', {
      detail: `At most ${String(MOST_ITEMS)} lines or jobs are taken at once; these are ${String(count)}.`,
    });
};

const linesOf = (text: string): number => {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
};

const listOf = (text = ''): readonly string[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
