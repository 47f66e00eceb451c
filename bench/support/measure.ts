// What all benchmarks measure with.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock as clock } from '../../src/streams/clock.ts';

export const say = (what: string, value: number, unit: string): void =>
  console.log(`${what.padEnd(78)} ${value.toFixed(value < 10 ? 2 : 0).padStart(9)} ${unit}`);
/** Heap in use, in MB. */
export const memory = (): number => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};
export const timed = async <T>(act: () => Promise<T>): Promise<readonly [seconds: number, value: T]> => {
  const start = clock.monotonic();
  const value = await act();
  return [(clock.monotonic() - start) / 1_000, value];
};
export const folder = (): string => mkdtempSync(join(tmpdir(), 'cronstream-bench-'));
