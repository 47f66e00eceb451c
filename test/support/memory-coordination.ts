// The port Coordination in memory, for tests in virtual time: everything waits by setTimeout, which vitest's fake timers drive. Small, and as strict as etcd where it counts.
import { Observable, Subject } from 'rxjs';
import {
  LeaseGone,
  Unavailable,
  type Change,
  type Changes,
  type Compare,
  type Coordination,
  type Entry,
  type LeaseId,
  type Transacted,
  type Transaction,
} from '../../src/streams/ports.ts';

export type MemoryStore = {
  /** The store as one client sees it. One that is cut off gets no answers, and its watches fall silent. */
  readonly client: () => { readonly coordination: Coordination; readonly cutOff: () => void };
  readonly entry: (key: string) => Entry | undefined;
  readonly keys: (prefix: string) => readonly string[];
};

/** `perMs`: so many calls are answered each ms, in their order; the others wait. */
export const createMemoryStore = ({ perMs = 4 } = {}): MemoryStore => {
  const entries = new Map<string, Entry & { readonly lease: LeaseId | undefined }>();
  const leases = new Map<LeaseId, { readonly ttlMs: number; timer: ReturnType<typeof setTimeout> }>();
  const history: Changes[] = [];
  const changes$ = new Subject<Changes>();
  const queue: (() => void)[] = [];
  let revision = 1;
  let isPumping = false;

  const pump = (): void => {
    queue.splice(0, perMs).forEach((each) => each());
    isPumping = queue.length > 0;
    if (isPumping) setTimeout(pump, 1);
  };
  const served = <T>(work: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      queue.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error as Error);
        }
      });
      if (isPumping) return;
      isPumping = true;
      setTimeout(pump, 1);
    });
  const tell = (changes: readonly Change[]): void => {
    if (changes.length === 0) return;
    const told = { changes, revision };
    history.push(told);
    changes$.next(told);
  };

  const holds = (compare: Compare): boolean => {
    const found = entries.get(compare.key);
    switch (compare.type) {
      case 'exists':
        return found !== undefined;
      case 'absent':
        return found === undefined;
      case 'revision':
        return (found?.revision ?? 0) === compare.is;
      case 'value':
        if (!found) return false;
        return compare.op === '<'
          ? found.value < compare.than
          : compare.op === '>'
            ? found.value > compare.than
            : found.value === compare.than;
      default:
        return compare satisfies never;
    }
  };
  const apply = ({ if: compares = [], then, else: otherwise = [] }: Transaction): Transacted => {
    const succeeded = compares.every(holds);
    const operations = succeeded ? then : otherwise;
    for (const each of operations)
      if (each.type === 'put' && each.lease !== undefined && !leases.has(each.lease)) throw new LeaseGone(each.key);
    const next = revision + 1;
    const changes: Change[] = [];
    const reads: (Entry | undefined)[] = [];
    for (const each of operations) {
      const before = entries.get(each.key);
      if (each.type === 'get') reads.push(before);
      else if (each.type === 'put') {
        const entry = { key: each.key, value: each.value, revision: next, created: before?.created ?? next, lease: each.lease };
        entries.set(each.key, entry);
        changes.push({ type: 'put', entry });
      } else if (entries.delete(each.key)) changes.push({ type: 'delete', key: each.key, revision: next });
    }
    if (changes.length > 0) revision = next;
    tell(changes);
    return { succeeded, revision, reads };
  };
  const end = (id: LeaseId): void => {
    clearTimeout(leases.get(id)?.timer);
    leases.delete(id);
    const gone = [...entries.values()].filter(({ lease }) => lease === id);
    if (gone.length === 0) return;
    revision += 1;
    for (const { key } of gone) entries.delete(key);
    tell(gone.map(({ key }) => ({ type: 'delete', key, revision })));
  };
  const under = (prefix: string): readonly Entry[] =>
    [...entries.values()].filter(({ key }) => key.startsWith(prefix)).sort((a, b) => (a.key < b.key ? -1 : 1));

  const client = () => {
    let isCutOff = false;
    let leaseNumber = 0;
    const name = String(Math.random());
    /** What is asked through a cut link is done, or not, and never answered; the client gives up after its limit. */
    const call = <T>(work: () => T): Promise<T> =>
      isCutOff
        ? new Promise((_, reject) => setTimeout(() => reject(new Unavailable('cut off')), 5_000))
        : served(work).then((answer) => (isCutOff ? new Promise<never>(() => undefined) : answer));
    const coordination: Coordination = {
      list: (prefix) => call(() => ({ entries: under(prefix), revision })),
      watch: (prefix, from) =>
        new Observable<Changes>((subscriber) => {
          const next = (told: Changes): void => {
            const changes = told.changes.filter((each) => (each.type === 'put' ? each.entry.key : each.key).startsWith(prefix));
            if (changes.length > 0 && !isCutOff) subscriber.next({ changes, revision: told.revision });
          };
          history.filter((told) => told.revision >= from).forEach(next);
          return changes$.subscribe(next);
        }),
      transact: (transaction) => call(() => apply(transaction)),
      grantLease: (ttlMs) =>
        call(() => {
          const id = `${name}.${String((leaseNumber += 1))}`;
          leases.set(id, { ttlMs, timer: setTimeout(() => end(id), ttlMs) });
          return id;
        }),
      renewLease: (id) =>
        call(() => {
          const lease = leases.get(id);
          if (!lease) return false;
          clearTimeout(lease.timer);
          lease.timer = setTimeout(() => end(id), lease.ttlMs);
          return true;
        }),
      revokeLease: (id) => call(() => end(id)),
      close: async () => undefined,
    };
    return { coordination, cutOff: () => (isCutOff = true) };
  };
  return { client, entry: (key) => entries.get(key), keys: (prefix) => under(prefix).map(({ key }) => key) };
};
