import { pino } from 'pino';
import { NEVER, Subject } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import { createKeys } from '../../../src/domain/keys.ts';
import { systemClock } from '../../../src/streams/clock.ts';
import { createStop } from '../../../src/worker/stop.ts';
import type { Parts, StopMode, WorkerDeps } from '../../../src/worker/worker.ts';
import { until } from '../../support/process.ts';

/** A worker that holds so many runs and starts, and what its stop did. */
type More = {
  readonly runs?: number;
  readonly starting?: number;
  readonly drainTimeoutMs?: number;
  readonly endWithMe?: boolean;
};
const worker = (more: More = {}) => {
  const here = { runs: more.runs ?? 0, starting: more.starting ?? 0, looks: 0, now: 0 };
  const did: string[] = [];
  const coordination = {
    list: () => NEVER,
    watch: () => NEVER,
    revokeLease: async (id: string) => void did.push(`revoke ${id}`),
  };
  const deps = {
    coordination,
    keys: createKeys(),
    clock: { ...systemClock, monotonic: () => here.now },
    log: pino({ level: 'silent' }),
    config: { id: 'w1', endWithMe: more.endWithMe === true, drainTimeoutMs: more.drainTimeoutMs ?? Infinity },
  };
  const runs = {
    all: () => Array.from({ length: here.runs }, (_, n) => ({ run: { live: { runId: `r${n}` } } })),
    count: () => here.runs,
    starting: () => {
      here.looks += 1;
      return here.starting;
    },
    kill: async (runId: string, { cause }: { cause: string }) => void did.push(`kill ${runId} ${cause}`),
  };
  const launcher = { stop: async () => did.push('stop the launcher') > 0, close: () => void did.push('close') };
  const parts = {
    runs,
    spool: { waiting: () => false, sweep: () => Promise.resolve() },
    here: { claiming: 0, draining: false, lease: 'l', launcher },
    changes$: new Subject(),
  };
  const stop = createStop(deps as unknown as WorkerDeps, parts as unknown as Parts);
  stop.flushed();
  const stop$ = new Subject<StopMode>();
  const subscription = stop$.pipe(stop.inOrder).subscribe(() => did.push('stopped'));
  onTestFinished(() => subscription.unsubscribe());
  const looks = async (): Promise<void> => {
    const from = here.looks;
    await until(
      () => here.looks > from + 2,
      () => 'it does not look',
    );
  };
  const stopped = (): Promise<void> =>
    until(
      () => did.includes('stopped'),
      () => `it does not stop: ${did.join()}`,
    );
  return { here, did, ask: (mode: StopMode) => stop$.next(mode), looks, stopped, isDraining: () => parts.here.draining };
};

test('P7: a worker that is told to leave waits for the starts that are on their way', async () => {
  const { here, did, ask, looks, stopped, isDraining } = worker({ starting: 1 });
  ask('leave');
  await looks();
  expect(did).toStrictEqual([]);
  expect(isDraining()).toBe(true);
  here.starting = 0;
  await stopped();
  expect(did).toStrictEqual(['revoke l', 'stop the launcher', 'close', 'stopped']);
});

test('P7: runs that are left keep their launcher, and the worker its registration until the lease ends by itself', async () => {
  const { did, ask, stopped } = worker({ runs: 2 });
  ask('leave');
  await stopped();
  expect(did).toStrictEqual(['close', 'stopped']);
});

test('told to wait, it waits for its runs', async () => {
  const { here, did, ask, looks, stopped } = worker({ runs: 1 });
  ask('wait');
  await looks();
  expect(did).toStrictEqual([]);
  here.runs = 0;
  await stopped();
  expect(did).toStrictEqual(['revoke l', 'stop the launcher', 'close', 'stopped']);
});

test('waiting has a limit: then the runs are left', async () => {
  const { here, did, ask, looks, stopped } = worker({ runs: 1, drainTimeoutMs: 60_000 });
  ask('wait');
  here.now = 59_999;
  await looks();
  expect(did).toStrictEqual([]);
  here.now = 60_000;
  await stopped();
  expect(did).toStrictEqual(['close', 'stopped']);
});

test('asked once more while it waits, it leaves them', async () => {
  const { did, ask, looks, stopped } = worker({ runs: 1 });
  ask('wait');
  await looks();
  ask('leave');
  await stopped();
  expect(did).toStrictEqual(['close', 'stopped']);
});

test('asked not to wait at all, it leaves the end of the runs and of the starts to the launcher, where that ends with it', async () => {
  const { did, ask, looks, stopped } = worker({ runs: 1, starting: 1, endWithMe: true });
  ask('end');
  await looks();
  ask('now');
  await stopped();
  expect(did).toStrictEqual(['kill r0 drained', 'stop the launcher', 'close', 'stopped']);
});

test('told to end, it ends its runs and waits for that', async () => {
  const { here, did, ask, looks, stopped } = worker({ runs: 2 });
  ask('end');
  await looks();
  expect(did).toStrictEqual(['kill r0 drained', 'kill r1 drained']);
  here.runs = 0;
  await stopped();
  expect(did.slice(2)).toStrictEqual(['revoke l', 'stop the launcher', 'close', 'stopped']);
});
