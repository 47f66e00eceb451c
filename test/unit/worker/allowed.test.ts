import { expect, test } from 'vitest';
import { systemClock } from '../../../src/streams/clock.ts';
import type { User } from '../../../src/worker/users.ts';
import { live, runsOf } from './runs-support.ts';

const OWN: User = { name: 'cronstream', home: '/' };
const MAIL: User = { name: 'mail', home: '/var/mail', switch: { setpriv: '/usr/bin/setpriv', uid: 8, gid: 8 } };
const users = { own: OWN, all: new Map([OWN, MAIL].map((user) => [user.name, user])) };
const bound = () => runsOf(systemClock, { allow: ['a', 'report-*'], users });

test.each([
  ['a job of another name', 'backup', {}, 'no job of the name backup'],
  ['a user that is not allowed', 'a', { runAs: 'root' }, 'may not run commands as root'],
])('%s is not started, whatever the cluster thinks of this worker', async (_what, job, fields, words) => {
  const { runs, claim, orders, stored } = await bound();
  const claimed = await claim(live({ job }), fields);
  await runs.claimed(claimed);
  await runs.start(claimed.live.runId);
  expect(orders).toStrictEqual([]);
  const end = await stored(claimed.live);
  expect(end).toMatchObject({ state: 'ended', outcome: 'failed', reason: 'notAllowed' });
  expect(end.error).toContain(words);
});

test.each([
  [{}, undefined, OWN],
  [{ runAs: 'cronstream' }, undefined, OWN],
  [{ runAs: 'mail' }, MAIL.switch, MAIL],
])('with %j the launcher is told to become %j', async (fields, as, user) => {
  const { runs, claim, orders } = await bound();
  const claimed = await claim(live({ job: 'report-x' }), fields);
  await runs.claimed(claimed);
  await runs.start(claimed.live.runId);
  expect(orders.map((order) => order.as)).toStrictEqual([as]);
  expect(orders[0]?.env).toMatchObject({ HOME: user.home, USER: user.name, LOGNAME: user.name });
});
