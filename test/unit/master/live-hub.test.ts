import { Subject, VirtualTimeScheduler } from 'rxjs';
import { expect, test } from 'vitest';
import { createLiveHub } from '../../../src/master/live-hub.ts';
import type { Told } from '../../../src/master/projection.ts';
import { createRing } from '../../../src/master/ring.ts';
import { createSeen } from '../../../src/master/seen.ts';
import { after, virtualClock } from '../../../src/streams/clock.ts';
import { aJob, keys } from './support.ts';

/** A hub in virtual time, whose projection is told what the test says. */
const createTestHub = (size?: number) => {
  const scheduler = new VirtualTimeScheduler();
  const clock = virtualClock(scheduler);
  const { seen, put } = createSeen(keys, 1);
  const told$ = new Subject<Told>();
  let position = 0;
  const hub = createLiveHub({
    projection: { told$, seen, position: () => position },
    clock,
    ...(size !== undefined && { size }),
  });
  hub.work$.subscribe();
  const tell = (seeing: Told['seeing']): void => {
    position += 1;
    told$.next({ position, seeing });
  };
  return {
    hub,
    tell,
    at: (ms: number, act: () => void) => after(ms, clock).subscribe(act),
    run: () => {
      scheduler.flush();
    },
    now: clock.now,
    save: (name: string, description: string) => {
      put.jobs({ key: keys.job(name), value: JSON.stringify(aJob(name, { description })), revision: position + 1, created: 1 });
      tell({ type: 'job', name });
    },
  };
};

test('of one job at most four views are told a second, the last one last; other jobs do not wait for it', () => {
  const { hub, at, run, now, save } = createTestHub();
  const got: string[] = [];
  hub.attach('jobs', {
    language: 'en',
    send: (text) => got.push(`${now()} ${/"name":"(\w+)"/.exec(text)?.[1]} ${/version \d+/.exec(text)?.[0]}`),
    resync: () => got.push('resync'),
  });
  for (let n = 0; n < 100; n += 1) at(n * 10, () => save('a', `version ${n}`));
  at(305, () => save('b', 'version 7'));
  run();
  expect(got).toStrictEqual([
    '0 a version 0',
    '250 a version 25',
    '305 b version 7',
    '500 a version 50',
    '750 a version 75',
    '1000 a version 99',
  ]);
});

test('each who looks on is told in the language that it reads, and what is missed too', () => {
  const { hub, at, run, save } = createTestHub();
  const got: string[] = [];
  const look = (who: string, language: 'en' | 'zh') => {
    hub.attach('jobs', {
      language,
      send: (text) => got.push(`${who} ${/"schedule":"([^"]*)"/.exec(text)?.[1]}`),
      resync: () => undefined,
    });
  };
  look('ann', 'en');
  look('li', 'zh');
  look('bob', 'en');
  at(0, () => save('a', ''));
  run();
  const [ann, li, bob] = got;
  expect([ann, bob]).toStrictEqual(['ann At 03:00', 'bob At 03:00']);
  expect(li).toMatch(/^li \p{Script=Han}.*03:00/u);
  expect(hub.since('jobs', 1, 'zh')).toStrictEqual([expect.stringContaining(li!.slice('li '.length))]);
  expect(hub.since('jobs', 1, 'en')).toStrictEqual([expect.stringContaining('"At 03:00"')]);
});

test('what is missed is told from the position on; a position that is not kept any more is not known', () => {
  const { hub, tell } = createTestHub(10);
  const event = (n: number) => ({ type: 'claimed', runId: `r${n}`, job: 'a', attempt: 1, at: '' });
  for (let n = 1; n <= 20; n += 1) tell({ type: 'run', event: event(n) });
  const idsSince = (topic: string, position: number) =>
    hub.since(topic, position, 'en')?.map((text) => /"runId":"(\w+)"/.exec(text)?.[1]);
  expect(idsSince('runs', 18)).toStrictEqual(['r18', 'r19', 'r20']);
  expect(idsSince('job/a', 20)).toStrictEqual(['r20']);
  expect(idsSince('job/b', 18)).toStrictEqual([]);
  expect(idsSince('runs', 21)).toBeUndefined(); // from a store of another future
  expect(idsSince('runs', 5)).toBeUndefined();
  const got: string[] = [];
  hub.attach('runs', { language: 'en', send: (text) => got.push(text), resync: () => got.push('resync') });
  tell({ type: 'gap' });
  expect(got).toStrictEqual(['resync']);
  expect(idsSince('runs', 20)).toBeUndefined();
  expect(idsSince('runs', 21)).toStrictEqual([]);
});

test('a ring keeps at least as many as it was asked to, and no more than twice that', () => {
  const ring = createRing<number>(100);
  for (let n = 1; n <= 10_000; n += 1) ring.push(n, n);
  expect(ring.since(9_901)?.map(({ item }) => item)).toHaveLength(100);
  expect(ring.since(9_700)).toBeUndefined();
});

test('who comes back is told of a change that waited while a message of another job went out', () => {
  const { hub, at, run, save } = createTestHub();
  const positions: string[] = [];
  hub.attach('jobs', {
    language: 'en',
    send: (text) => positions.push(/"name":"(\w+)".*"asOf":"(\d+)"/.exec(text)?.slice(1).join(' ') ?? text),
    resync: () => undefined,
  });
  let missed: readonly string[] | undefined;
  at(0, () => save('a', 'version 1'));
  // Told at position 2, sent at 250 ms only.
  at(10, () => save('a', 'version 2'));
  at(20, () => save('b', 'version 1'));
  // The link broke after the message of b, and came back when that of a had gone out to nobody.
  at(300, () => (missed = hub.since('jobs', 3, 'en')));
  run();
  expect(positions).toStrictEqual(['a 1', 'b 3', 'a 3']);
  expect(missed?.filter((text) => text.includes('version 2'))).toHaveLength(1);
});
