import type { Logger } from 'pino';
import { defer, firstValueFrom } from 'rxjs';
import type { Keys } from '../domain/keys.ts';
import { FORMAT, parseMeta } from '../domain/values.ts';
import { retrying } from '../streams/backoff.ts';
import type { Clock } from '../streams/clock.ts';
import { Unavailable, type Coordination } from '../streams/ports.ts';

/** Makes sure that this program can read what lies in the store, and marks a new store with its format. Waits, and says so, while the store is away; throws for a newer format. */
export const ensureFormat = async (coordination: Coordination, keys: Keys, clock: Clock, log: Logger): Promise<void> => {
  let saidAt = Number.NEGATIVE_INFINITY;
  const onError = (error: unknown): void => {
    if (!(error instanceof Unavailable)) throw error;
    if (clock.monotonic() - saidAt < 5_000) return;
    saidAt = clock.monotonic();
    log.warn(`waiting for the store: ${error.message}`);
  };
  const ask$ = defer(() =>
    coordination.transact({
      if: [{ type: 'absent', key: keys.meta }],
      then: [{ type: 'put', key: keys.meta, value: JSON.stringify({ format: FORMAT }) }],
      else: [{ type: 'get', key: keys.meta }],
    }),
  );
  const { succeeded, reads } = await firstValueFrom(ask$.pipe(retrying(clock, { onError })));
  if (succeeded) return;
  const meta = parseMeta(reads[0]?.value ?? '');
  if (!meta.ok) throw new Error(`the key ${keys.meta} cannot be read: ${reads[0]?.value.slice(0, 100) ?? ''}`);
  if (meta.value.format > FORMAT)
    throw new Error(
      `the store has format ${String(meta.value.format)}, and this version reads up to ${String(FORMAT)}: it does not start, so that it harms nothing. Use a newer version`,
    );
};
