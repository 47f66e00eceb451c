import { pino } from 'pino';
import { Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/streams/clock.ts';
import type { Order } from '../../../src/streams/scheduler.ts';
import { carryOut } from '../../../src/worker/orders.ts';
import type { Parts } from '../../../src/worker/worker.ts';

const claimOf = (n: number): Order =>
  ({
    type: 'order',
    command: { type: 'claim', rank: 0, tick: { job: `j${String(n)}`, fireTime: 0, nominalAt: 0, prev: undefined, revision: 1 } },
    known: { job: { name: `j${String(n)}` } },
    standing: undefined,
  }) as unknown as Order;

test('each claim takes a slot from its order on, also those that wait for their turn, until it is answered', async () => {
  const sent: (() => void)[] = [];
  const here = { inSync: true, draining: false, claiming: 0, claimsAsked: new Set(), claimTimes: [] };
  const parts = {
    runs: {},
    claims: { claim: () => new Promise((resolve) => sent.push(() => resolve([]))) },
    answers$: new Subject(),
    here,
    changes$: new Subject(),
  } as unknown as Parts;
  const orders$ = new Subject<Order>();
  const working = carryOut(orders$, parts, systemClock, pino({ level: 'silent' })).subscribe();
  for (let n = 0; n < 100; n += 1) orders$.next(claimOf(n));
  expect(here.claiming).toBe(100);
  expect(sent.length).toBeLessThan(100);
  for (let n = 0; n < 100; n += 1) {
    sent[n]?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(sent).toHaveLength(100);
  expect(here.claiming).toBe(0);
  working.unsubscribe();
});
