import { LeaseGone, type Coordination, type Entry } from '../../streams/ports.ts';
import { checkTransaction } from '../check-transaction.ts';
import { keyAfter, rangeOf } from '../key-range.ts';
import { createConnection, type Connection, type EtcdOptions } from './connection.ts';
import { keepAlive, watch } from './streams.ts';
import { toEntry, toRange, toRequest, toTransacted } from './wire.ts';

export type { EtcdOptions } from './connection.ts';

// Pages come ordered by key. Asked to sort, etcd would fetch everything for each page.
const PAGE = 1_000;

/** All pages at the revision of the first. Between two of them other work has its turn. */
const list =
  ({ call }: Connection): Coordination['list'] =>
  async (prefix) => {
    const { start, end } = rangeOf(prefix);
    const entries: Entry[] = [];
    for (let from = start, revision = 0; ;) {
      const request = { ...toRange({ start: from, end }), limit: PAGE, revision };
      const page = await call(`list ${prefix}`, ({ client, options }) => client.kv.range(request, options));
      entries.push(...page.kvs.map(toEntry));
      revision ||= Number(page.header.revision);
      const last = page.kvs.at(-1);
      if (!page.more || last === undefined) return { entries, revision };
      from = keyAfter(last.key);
    }
  };

/** The port on an etcd cluster, 3.4 or later. Throws when the options cannot work; connects with the first call, so an etcd that is absent is that call's
 *  `Unavailable`. Nothing is repeated inside: a transaction that was rejected may have been carried out. */
export function createEtcdCoordination(options: EtcdOptions): Coordination {
  const connection = createConnection(options);
  const { call, close } = connection;
  return {
    list: list(connection),
    watch: watch(connection, options.silenceMs ?? 10_000),
    transact: async (transaction) => {
      checkTransaction(transaction);
      const request = toRequest(transaction);
      return toTransacted(await call('transaction', ({ client, options }) => client.kv.txn(request, options)));
    },
    grantLease: async (ttlMs) => {
      const request = { TTL: Math.max(1, Math.ceil(ttlMs / 1000)) };
      const { ID } = await call('grant of a lease', ({ client, options }) => client.leaseClient.leaseGrant(request, options));
      return ID;
    },
    renewLease: (id) => call('renewal of a lease', (member) => keepAlive(member, id)),
    revokeLease: async (id) => {
      try {
        await call('end of a lease', ({ client, options }) => client.leaseClient.leaseRevoke({ ID: id }, options));
      } catch (error) {
        if (!(error instanceof LeaseGone)) throw error;
      }
    },
    close: async () => close(),
  };
}
