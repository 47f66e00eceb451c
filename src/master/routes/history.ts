import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { parseRunEvent, type StoredRunEvent } from '../../domain/events.ts';
import { isChange, revisionOf, type Revision } from '../../domain/revision.ts';
import { defined } from '../../domain/run.ts';
import { page, RevisionView } from '../../domain/wire.ts';
import type { Parts } from '../parts.ts';
import { noSuchJob } from '../problems.ts';
import { parsed } from '../parsed.ts';
import { answers, asOf, ByName, closed, limit } from './shared.ts';

const Paged = Type.Object(
  { cursor: Type.Optional(Type.String({ maxLength: 100, description: 'Of the page before' })), limit: limit(200) },
  closed,
);

const AuditQuery = Type.Object(
  {
    ...Paged.properties,
    job: Type.Optional(Type.String({ maxLength: 200, description: 'Of this job alone' })),
    by: Type.Optional(Type.String({ maxLength: 200, description: 'By those with this text in their name, whatever its case' })),
  },
  closed,
);

/** Names of who changed something have no index: so many changes are looked at for one page, and the next page goes on from there. */
const [LOOKED_AT, MOST_LOOKS] = [200, 10];

/** Who changed jobs, when, and what. */
export const historyRoutes: FastifyPluginAsyncTypebox<Parts> = async (
  app,
  { stores: { coordination, runLog }, keys, projection },
) => {
  /** Changes that the leader has not shipped yet; their revision is that of the item. */
  const waiting = async (job?: string): Promise<readonly Revision[]> => {
    const { entries } = await coordination.list(keys.outbox);
    return entries.flatMap(({ key, value, revision }) => {
      const event = parseRunEvent(key, parsed(value));
      if (!isChange(event) || (job !== undefined && event.job !== job)) return [];
      return [revisionOf(event.type === 'cursorSet' ? event : { ...event, revision })];
    });
  };

  /** One page, newest first, of what waits and what is logged, each once. */
  const pageOf = (
    first: readonly Revision[],
    logged: readonly StoredRunEvent[],
    { cursor, most }: { readonly cursor: string | undefined; readonly most: number },
  ) => {
    const byId = new Map<string, Revision>();
    for (const each of first) if (cursor === undefined || each.id < cursor) byId.set(each.id, each);
    for (const event of logged) if (isChange(event)) byId.set(event.id, revisionOf(event));
    const all = [...byId.values()].toSorted((a, b) => (a.id < b.id ? 1 : -1));
    const items = all.slice(0, most);
    const last = items.at(-1);
    return { items: items.map(viewOf), ...(last && all.length > most ? { nextCursor: last.id } : {}) };
  };

  app.get(
    '/jobs/:name/revisions',
    {
      config: { role: 'viewer' },
      schema: {
        summary: 'Who changed a job, when and what, newest first',
        description:
          '`job` is the job as it was saved then: PUT it to /jobs/:name to put it back. A job that was deleted has revisions too. Changes by hand (etcdctl) are not told. Revisions are not removed by retention.',
        tags: ['jobs'],
        params: ByName,
        querystring: Paged,
        response: answers({ 200: page(RevisionView) }, 400, 404, 503),
      },
    },
    async ({ params: { name }, query: { cursor, limit: most = 50 } }) => {
      const position = asOf(projection);
      const first = await waiting(name);
      const prefix = `job/${name}/`;
      const logged = await runLog.eventsAbout(prefix, {
        isDown: true,
        limit: most + 1,
        ...defined({ before: cursor === undefined ? undefined : `${prefix}${cursor}` }),
      });
      const found = pageOf(first, logged, { cursor, most });
      if (found.items.length === 0 && cursor === undefined && !projection.seen.jobs.has(name)) throw noSuchJob(name);
      return { ...found, asOf: position };
    },
  );

  app.get(
    '/audit',
    {
      config: { role: 'editor' },
      schema: {
        summary: 'Who changed which job, when and what: all of them, newest first',
        description:
          'Saved, deleted, and cursors that were set by hand. Runs and kills that people asked for stand in the runs (`by`). With `by`, a page may have fewer items than `limit` and still a `nextCursor`: so far was looked.',
        tags: ['jobs'],
        querystring: AuditQuery,
        response: answers({ 200: page(RevisionView) }, 400, 503),
      },
    },
    async ({ query: { cursor, limit: most = 50, job, by } }) => {
      const position = asOf(projection);
      const first = await waiting(job);
      const older = (before: string | undefined, count: number): Promise<readonly StoredRunEvent[]> =>
        job === undefined
          ? runLog.audit({ limit: count, ...defined({ before }) })
          : runLog.eventsAbout(`job/${job}/`, {
              ...{ isDown: true, limit: count },
              ...defined({ before: before === undefined ? undefined : `job/${job}/${before}` }),
            });
      if (by === undefined) return { ...pageOf(first, await older(cursor, most + 1), { cursor, most }), asOf: position };

      const text = by.toLowerCase();
      const isTheirs = ({ by: who }: { readonly by: string }): boolean => who.toLowerCase().includes(text);
      const theirs: StoredRunEvent[] = [];
      let before = cursor;
      let hasMore = true;
      for (let look = 0; hasMore && look < MOST_LOOKS && theirs.length <= most; look += 1) {
        const events = await older(before, LOOKED_AT);
        theirs.push(...events.filter((event) => isChange(event) && isTheirs(event)));
        const last = events.findLast(isChange);
        before = last?.id ?? before;
        hasMore = events.length === LOOKED_AT && last !== undefined;
      }
      const found = pageOf(first.filter(isTheirs), theirs, { cursor, most });
      return {
        ...found,
        ...(hasMore && before !== undefined ? defined({ nextCursor: found.nextCursor ?? before }) : {}),
        asOf: position,
      };
    },
  );
};

const viewOf = ({ changes, ...rest }: Revision): RevisionView => ({ ...rest, changes: [...changes] });
