import { LeaseGone, Unavailable, type Changes } from '../../streams/ports.ts';
import type { Embedded } from './env.ts';
import type { Done } from './tables.ts';

export type Writer = (what: string, work: () => Done) => Promise<Done>;

/**
 * Runs each work as one lmdb transaction, all of it or nothing, one after the other in the order of the calls; several go to the disk together. When one is on
 * the disk its changes are told, in the order of their revisions. Rejects with `LeaseGone` from the work, and with `Unavailable` for all that the disk refuses.
 */
export function createWriter({ root, dir }: Embedded, tell: (changes: Changes) => void): Writer {
  /** Written, and not known to be on the disk. In the order of their revisions. */
  const pending = new Set<Done>();
  const settle = (done: Done): void => {
    for (const each of pending) {
      if (each.revision > done.revision) return;
      pending.delete(each);
      tell(each);
    }
  };
  return async (what, work) => {
    let done: Done | undefined;
    try {
      // Not `transaction`: there a throw leaves what was written before it.
      await root.childTransaction(() => {
        done = work();
        if (done.changes.length > 0) pending.add(done);
      });
    } catch (error) {
      if (done) pending.delete(done);
      if (error instanceof LeaseGone) throw error;
      throw new Unavailable(`The data folder ${dir} cannot be written: ${(error as Error).message} (${what}).`, { cause: error });
    }
    if (done === undefined) throw new Unavailable(`The data folder ${dir} took no write (${what}).`);
    settle(done);
    return done;
  };
}
