import { pino } from 'pino';
import { NEVER, Subject } from 'rxjs';
import { expect, test } from 'vitest';
import { createKeys } from '../../../src/domain/keys.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { createStop } from '../../../src/worker/stop.ts';
import type { Parts, StopMode, WorkerDeps } from '../../../src/worker/worker.ts';
import { until } from '../../support/process.ts';

test('P7: a worker that is told to leave waits for the starts that are on their way', async () => {
  let starting = 1;
  let looks = 0;
  const revoked: string[] = [];
  const coordination = { list: () => NEVER, watch: () => NEVER, revokeLease: async (id: string) => void revoked.push(id) };
  const deps = { coordination, keys: createKeys(), clock: systemClock, log: pino({ level: 'silent' }), config: { id: 'w1' } };
  const runs = {
    all: () => [],
    count: () => 1,
    starting: () => {
      looks += 1;
      return starting;
    },
  };
  const parts = {
    runs,
    spool: { waiting: () => false },
    here: { claiming: 0, draining: false, lease: 'l' },
    changes$: new Subject(),
  };
  const stop = createStop(deps as unknown as WorkerDeps, parts as unknown as Parts);
  stop.flushed();
  const stop$ = new Subject<StopMode>();
  let isStopped = false;
  const stopping = stop$.pipe(stop.inOrder).subscribe(() => {
    isStopped = true;
  });
  try {
    stop$.next('leave');
    await until(
      () => looks > 2,
      () => 'it does not look',
    );
    expect(revoked).toStrictEqual([]);
    starting = 0;
    await until(
      () => isStopped,
      () => 'it does not stop',
    );
    expect(revoked).toStrictEqual(['l']);
  } finally {
    stopping.unsubscribe();
  }
});
