import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../streams/clock.ts';

const LIFE_MS = 15 * 60_000;
const MOST = 100;

/** Codes that sign in once, for the link that `up` prints. They live for a quarter of an hour, in this process alone. */
export const createSignInCodes = (clock: Clock) => {
  const until = new Map<string, number>();
  const keyOf = (code: string): string => createHash('sha256').update(code).digest('hex');
  return {
    make: (): string => {
      const code = randomBytes(24).toString('base64url');
      if (until.size >= MOST) until.delete(until.keys().next().value ?? '');
      until.set(keyOf(code), clock.monotonic() + LIFE_MS);
      return code;
    },
    /** True once for each code. */
    take: (code: string): boolean => {
      const end = until.get(keyOf(code));
      until.delete(keyOf(code));
      return end !== undefined && clock.monotonic() < end;
    },
  };
};

const WINDOW_MS = 60_000;
const FAILURES = 10;
const ADDRESSES = 10_000;

export type Attempts = ReturnType<typeof createAttempts>;

/** Counts failed logins: who has failed ten times within a minute waits until it is over. */
export const createAttempts = (clock: Clock) => {
  const failed = new Map<string, { readonly since: number; count: number }>();
  return {
    isTooMany: (address: string): boolean => {
      const known = failed.get(address);
      if (known && clock.monotonic() - known.since > WINDOW_MS) failed.delete(address);
      return (failed.get(address)?.count ?? 0) >= FAILURES;
    },
    failed: (address: string): void => {
      const known = failed.get(address);
      if (known) known.count += 1;
      else {
        if (failed.size >= ADDRESSES) failed.clear();
        failed.set(address, { since: clock.monotonic(), count: 1 });
      }
    },
  };
};
