// Virtual time for code that joins timers, promises and files: time goes on only when nothing is left to do at this instant, so a test is the same on any machine.
import { vi } from 'vitest';

/** The file system's work goes on in real time: it is waited for. */
const isBusy = (): boolean => process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));

/** Resolves when no file is being read or written, and no promise has anything left to do. */
const settled = async (): Promise<void> => {
  for (let quiet = 0; quiet < 3; quiet = isBusy() ? 0 : quiet + 1) await new Promise((resolve) => setImmediate(resolve));
};

/** Takes over the timers, the wall clock and the monotonic one; undone by `vi.useRealTimers()`. */
export const useVirtualTime = (now: number): void => {
  vi.useFakeTimers({ now, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
};

/** Lets time go on, step by step, until `isDone` or for `ms`; answers whether it was done. */
export const goOn = async (ms: number, { stepMs = 1, isDone = () => false as boolean } = {}): Promise<boolean> => {
  for (let gone = 0; gone < ms; gone += stepMs) {
    await settled();
    if (isDone()) return true;
    await vi.advanceTimersByTimeAsync(stepMs);
  }
  await settled();
  return isDone();
};
