// What is asked of a coordination store, counted by what it is: for P8, on any adapter.
import type { Keys } from '../../src/domain/keys.ts';
import type { Coordination, Transaction } from '../../src/streams/ports.ts';

export type Cost = { transactions: number; reads: number; presence: number; renewals: number; lists: number };
export const noCost = (): Cost => ({ transactions: 0, reads: 0, presence: 0, renewals: 0, lists: 0 });

/** Counts by what is asked: a read writes in no branch. */
export const counting = (coordination: Coordination, keys: Keys, cost: Cost): Coordination => {
  const noteTransaction = ({ then, else: otherwise = [] }: Transaction): void => {
    const writes = [...then, ...otherwise].filter(({ type }) => type !== 'get');
    if (writes.some(({ key }) => key.startsWith(keys.workers))) cost.presence += 1;
    else if (writes.length > 0) cost.transactions += 1;
    else cost.reads += 1;
  };
  return {
    ...coordination,
    transact: (transaction) => {
      noteTransaction(transaction);
      return coordination.transact(transaction);
    },
    list: (prefix) => {
      cost.lists += 1;
      return coordination.list(prefix);
    },
    renewLease: (id) => {
      cost.renewals += 1;
      return coordination.renewLease(id);
    },
  };
};
