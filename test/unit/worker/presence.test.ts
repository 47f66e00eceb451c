import { expect, test } from 'vitest';
import { createKeys } from '../../../src/domain/keys.ts';
import type { Presence } from '../../../src/domain/values.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import type { LeaseState } from '../../../src/streams/lease.ts';
import type { Coordination, Transacted } from '../../../src/streams/ports.ts';
import { presence } from '../../../src/worker/presence.ts';
import { NEVER } from 'rxjs';
import { until } from '../../support/process.ts';

test('P2: a lease is told as held only when the presence was put under it', async () => {
  const states: LeaseState[] = [];
  const puts: ((answer: Transacted) => void)[] = [];
  const coordination = {
    grantLease: async () => 'lease',
    renewLease: async () => true,
    transact: () => new Promise<Transacted>((resolve) => puts.push(resolve)),
  } as unknown as Coordination;
  const told = presence({
    coordination,
    keys: createKeys(),
    clock: systemClock,
    id: 'w1',
    describe: () => ({ machineId: 'm' }) as Presence,
    again$: NEVER,
  }).subscribe((state) => states.push(state));
  try {
    await until(
      () => puts.length > 0,
      () => 'the presence is not put',
    );
    expect(states).toStrictEqual([]); // granted, and no more: the leader goes on counting
    puts[0]?.({ succeeded: true, revision: 5, reads: [undefined] });
    await until(
      () => states.length > 0,
      () => 'the lease is not told',
    );
    expect(states).toMatchObject([{ type: 'held', id: 'lease' }]);
  } finally {
    told.unsubscribe();
  }
});
