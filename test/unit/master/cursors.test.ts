import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { toInstant } from '../../../src/domain/instant.ts';
import { readJob } from '../../../src/domain/known-job.ts';
import { formatCursor, parseCursor } from '../../../src/domain/tick.ts';
import type { JobView } from '../../../src/domain/wire.ts';
import { aJob, keys, startMaster, until, type TestMaster } from './support.ts';

const HOUR = 3_600_000;
const hashOf = (job: object): string => {
  const known = readJob('a', JSON.stringify(job), 1);
  return known.ok ? known.value.hash : '';
};
const cursorAt = (at: number, job: object): string => formatCursor({ at: toInstant(at), decision: { v: 1, hash: hashOf(job) } });
const view = async (master: TestMaster): Promise<JobView> => (await master.api('GET', '/jobs/a')).json<JobView>();
const cursorOf = async ({ coordination }: TestMaster): Promise<string | undefined> => {
  const { reads } = await coordination.transact({ then: [{ type: 'get', key: keys.tick('a') }] });
  return reads[0] && parseCursor(reads[0].value)?.at;
};

test('a cursor ahead of time is an alarm that everybody sees, until an admin sets it back', async () => {
  await using master = await startMaster();
  const job = aJob('a', { cronExpr: '*/5 * * * *' });
  await master.api('PUT', '/jobs/a', job);
  const ahead = Date.now() + HOUR;
  await master.put(keys.tick('a'), cursorAt(ahead, job));
  const warned = await until(
    () => view(master),
    ({ warning }) => warning !== undefined,
  );
  expect(warned.warning).toMatchObject({ code: 'cursorAhead', cursorAt: toInstant(ahead) });
  const ready = await master.inject({ method: 'GET', url: '/readyz' });
  expect(ready.json()).toMatchObject({
    ready: true,
    warnings: [expect.stringContaining('1 job(s) have a cursor ahead of time')],
  });

  const now = Date.now();
  const answer = await master.api('POST', '/jobs/a/cursor', { fireTime: toInstant(now) });
  expect([answer.statusCode, answer.json()]).toStrictEqual([200, { fireTime: toInstant(now), before: toInstant(ahead) }]);
  expect(await cursorOf(master)).toBe(toInstant(now));
  const right = await until(
    () => view(master),
    ({ warning }) => warning === undefined,
  );
  expect(right.warning).toBeUndefined();
  // Who did it is told, by way of the outbox.
  const told = await until(
    () => master.runLog.eventsAbout('job/a/', { isDown: true, limit: 10 }),
    (events) => events.some(({ type }) => type === 'cursorSet'),
  );
  expect(told).toContainEqual(
    expect.objectContaining({ type: 'cursorSet', by: 'admin', from: toInstant(ahead), to: toInstant(now) }),
  );
});

test('a cursor that is set forward passes its ticks as skipped', async () => {
  await using master = await startMaster();
  // No tick of it is near: the leader settles nothing meanwhile.
  const job = aJob('a', { cronExpr: '0 3 * * *', misfire: { lateAfterMs: 864_000_000 } });
  await master.api('PUT', '/jobs/a', job);
  const to = Date.parse('2026-01-03T12:00:00Z');
  await master.put(keys.tick('a'), cursorAt(Date.parse('2026-01-01T12:00:00Z'), job));
  const answer = await master.api('POST', '/jobs/a/cursor', { fireTime: toInstant(to) });
  expect(answer.statusCode).toBe(200);
  const skips = await until(
    () => master.runLog.eventsAbout('tick/a/', { limit: 10 }),
    (events) => events.length >= 2,
  );
  expect(skips.map((event) => event.type === 'tickSkipped' && [event.fireTime, event.reason, event.by])).toStrictEqual([
    ['2026-01-02T03:00:00.000Z', 'edited', 'admin'],
    ['2026-01-03T03:00:00.000Z', 'edited', 'admin'],
  ]);
});

test('what cannot be: the future, no instant, no job; and only an admin may', async () => {
  await using master = await startMaster();
  await master.api('PUT', '/jobs/a', aJob('a'));
  const ask = (path: string, fireTime: string) => master.api('POST', path, { fireTime });
  expect((await ask('/jobs/a/cursor', toInstant(Date.now() + HOUR))).json()).toMatchObject({
    status: 400,
    errors: [{ path: '/fireTime', code: 'future' }],
  });
  expect((await ask('/jobs/a/cursor', 'yesterday')).json()).toMatchObject({ status: 400, errors: [{ path: '/fireTime' }] });
  expect((await ask('/jobs/b/cursor', toInstant(Date.now()))).json()).toMatchObject({ status: 404, code: 'noSuchJob' });
  const hash = createHash('sha256').update('editor-token').digest('hex');
  await master.put(keys.token('editor'), { v: 1, hash, role: 'editor', name: 'editor', createdAt: toInstant(0) });
  const asEditor = () =>
    master.inject({
      method: 'POST',
      url: '/api/v1/jobs/a/cursor',
      payload: { fireTime: toInstant(0) },
      headers: { authorization: 'Bearer editor-token' },
    });
  const refused = await until(asEditor, ({ statusCode }) => statusCode !== 401);
  expect(refused.statusCode).toBe(403);
});
