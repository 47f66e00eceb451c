// Words for tests of the port Coordination.
import type { Subscription } from 'rxjs';
import type { Change, Changes, Coordination, Entry, LeaseId, Operation, Transacted } from '../../src/streams/ports.ts';
import { until } from './process.ts';

export const putOf = (key: string, value: string, lease?: LeaseId): Operation => ({
  type: 'put',
  key,
  value,
  ...(lease === undefined ? {} : { lease }),
});
export const deleteOf = (key: string): Operation => ({ type: 'delete', key });
export const getOf = (key: string): Operation => ({ type: 'get', key });

export const write = (store: Coordination, ...then: readonly Operation[]): Promise<Transacted> => store.transact({ then });
export const read = async (store: Coordination, key: string): Promise<Entry | undefined> =>
  (await store.transact({ then: [getOf(key)] })).reads[0];

/** Asks again while the store is out of reach. Only for what may be done twice. */
export async function persistently<T>(ask: () => Promise<T>): Promise<T> {
  let answer: { readonly value: T } | undefined;
  let error: unknown;
  await until(
    async () => {
      try {
        answer = { value: await ask() };
        return true;
      } catch (thrown) {
        error = thrown;
        return false;
      }
    },
    () => String(error),
  );
  return answer!.value;
}

export const keyOf = (change: Change): string => (change.type === 'put' ? change.entry.key : change.key);
export const revisionOf = (change: Change): number => (change.type === 'put' ? change.entry.revision : change.revision);
/** `put /a=1` or `delete /a`, without the revisions that depend on what else the store has done. */
export const textOf = (change: Change): string =>
  change.type === 'put' ? `put ${change.entry.key}=${change.entry.value}` : `delete ${change.key}`;

export type Watching = {
  readonly answers: readonly Changes[];
  readonly changes: () => readonly Change[];
  readonly error: () => unknown;
  /** Waits until the watch is there: what is written from now on comes as it is written. */
  readonly ready: () => Promise<void>;
  readonly seen: (count: number) => Promise<readonly Change[]>;
  readonly failed: () => Promise<unknown>;
  readonly stop: () => void;
  readonly [Symbol.dispose]: () => void;
};

/** Watches, and keeps what it sees. */
export function watching(store: Coordination, prefix: string, fromRevision: number): Watching {
  const answers: Changes[] = [];
  let error: unknown;
  const subscription: Subscription = store.watch(prefix, fromRevision).subscribe({
    next: (answer) => answers.push(answer),
    error: (thrown: unknown) => (error = thrown),
  });
  const changes = (): readonly Change[] => answers.flatMap((answer) => answer.changes);
  const check = (): void => {
    if (error !== undefined) throw error as Error;
  };
  const stop = (): void => subscription.unsubscribe();
  return {
    answers,
    changes,
    error: () => error,
    ready: () =>
      until(
        () => {
          check();
          return answers.length > 0;
        },
        () => 'the watch did not begin',
      ),
    seen: async (count) => {
      await until(
        () => {
          check();
          return changes().length >= count;
        },
        () => `saw ${changes().length} of ${count} changes, the last ${JSON.stringify(changes().at(-1))}`,
      );
      return changes();
    },
    failed: async () => {
      await until(
        () => error !== undefined,
        () => `the watch goes on: ${answers.length} answers`,
      );
      return error;
    },
    stop,
    [Symbol.dispose]: stop,
  };
}
