import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import type { LogDocument } from '../../domain/run.ts';
import { problemOf } from '../errors.ts';
import type { Parts } from '../parts.ts';
import { badField } from '../problems.ts';

const MOST = 500;

/** The form routes of this family of tools: form or JSON in, `{errno, msg, data}` out, errno 0 for success. The same roles as the API. */
export const classicRoutes: FastifyPluginAsync<Parts> = async (app, { jobs, orders, projection, stores: { runLog } }) => {
  app.setErrorHandler((error, request, reply) => {
    const { status, detail, title } = problemOf(error);
    if (status >= 500) request.log.error({ err: error }, 'a request failed');
    // Programs of this family look at errno, not at the status; only who may not come in is told by both.
    return reply.code(status === 401 || status === 403 ? status : 200).send({ errno: -1, msg: detail ?? title, data: null });
  });
  const ok = (data: unknown) => ({ errno: 0, msg: 'success', data });

  app.post('/job/save', { config: { role: 'editor' }, schema: { hide: true } }, async (request) => {
    const job = jobOf(request);
    const name = typeof job === 'object' && job !== null && 'name' in job && typeof job.name === 'string' ? job.name : '';
    const before = projection.seen.jobs.get(name)?.raw ?? null;
    await jobs.save(name, job, request.identity.name);
    return ok(before);
  });

  app.post('/job/delete', { config: { role: 'editor' }, schema: { hide: true } }, async (request) => {
    const name = nameOf(request);
    const before = projection.seen.jobs.get(name)?.raw ?? null;
    await jobs.delete(name, request.identity.name);
    return ok(before);
  });

  app.post('/job/kill', { config: { role: 'operator' }, schema: { hide: true } }, async (request) => {
    await orders.killJob(nameOf(request), request.identity.name);
    return ok(null);
  });

  app.get('/job/list', { config: { role: 'viewer' }, schema: { hide: true } }, async () =>
    ok([...projection.seen.jobs.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ raw }) => raw)),
  );

  app.get('/job/log', { config: { role: 'viewer' }, schema: { hide: true } }, async (request) => {
    const query = request.query as Readonly<Record<string, string>>;
    const [skip, limit] = [countOf(query['skip'], 0), Math.min(countOf(query['limit'], 20), MOST)];
    const found: LogDocument[] = [];
    let cursor: string | undefined;
    do {
      const page = await runLog.runs({
        job: query['name'] ?? '',
        limit: Math.min(MOST, skip + limit - found.length),
        ...(cursor === undefined ? {} : { cursor }),
      });
      found.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined && found.length < skip + limit);
    return ok(found.slice(skip, skip + limit).map(classicLog));
  });

  app.get('/worker/list', { config: { role: 'viewer' }, schema: { hide: true } }, async () =>
    ok([...projection.seen.workers.values()].map(({ name }) => name).sort()),
  );
};

const fieldsOf = ({ body }: FastifyRequest): Readonly<Record<string, unknown>> =>
  typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {};

/** `job` as JSON text in a form, or as an object in a JSON body. */
const jobOf = (request: FastifyRequest): unknown => {
  const { job } = fieldsOf(request);
  if (job === undefined) throw badField('/job', 'required', '"job" is missing: send job=<JSON>');
  if (typeof job !== 'string') return job;
  try {
    return JSON.parse(job);
  } catch (error) {
    throw badField('/job', 'notJson', `not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const nameOf = (request: FastifyRequest): string => {
  const { name } = fieldsOf(request);
  if (typeof name !== 'string' || name === '') throw badField('/name', 'required', '"name" is missing');
  return name;
};

const MOST_SKIPPED = 100_000;
const countOf = (text: string | undefined, instead: number): number => {
  if (text === undefined || text === '') return instead;
  if (!/^\d{1,6}$/.test(text) || Number(text) > MOST_SKIPPED) throw badField('', 'invalid', `"${text.slice(0, 20)}" is no count`);
  return Number(text);
};

const classicLog = ({ _id, v: _v, run: _run, ...fields }: LogDocument) => ({ runId: _id, ...fields });
