import { createRandom, type Random } from './random.ts';

/** What the nemesis can do. Faults that last are healed after `forMs`; orders of a person are over at once. */
export const FAULT_KINDS = [
  'killWorker',
  'killLauncher',
  'killHost',
  'killMaster',
  'killEtcd',
  'killMongo',
  'restartWorkers',
  'restartMasters',
  'freezeWorker',
  'freezeHost',
  'freezeMaster',
  'freezeEtcd',
  'freezeMongo',
  'etcdAway',
  'partition',
  'oneWay',
  'skew',
  'compact',
  'defragment',
  'fullDisk',
  'killRun',
  'runNow',
  'edit',
  'backfill',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One fault: `at` and `forMs` in ms from the start of the run. `other` is the far end of a partition, `amount` a clock's offset in seconds. */
export type Fault = {
  readonly at: number;
  readonly forMs: number;
  readonly kind: FaultKind;
  readonly target: string;
  readonly other?: string;
  readonly amount?: number;
};

/** Who takes part: `etcd1` … `mongo` … `master1` … `worker1` …, in this order. */
export type Shape = { readonly etcds: number; readonly masters: number; readonly workers: number };
export const namesOf = ({ etcds, masters, workers }: Shape) => {
  const numbered = (name: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${name}${String(index + 1)}`);
  return { etcds: numbered('etcd', etcds), masters: numbered('master', masters), workers: numbered('worker', workers) };
};

export type PlanOptions = {
  readonly seed: number;
  readonly durationMs: number;
  readonly shape: Shape;
  readonly kinds?: readonly FaultKind[];
  /** The longest silence of a worker after which its runs are declared lost: some freezes are longer. */
  readonly lostMs: number;
  /** Between the starts of two faults, on average. */
  readonly everyMs?: number;
};

/** How often a kind lies in the deck that is dealt from. */
const WEIGHTS: Partial<Record<FaultKind, number>> = {
  killWorker: 3,
  killRun: 4,
  runNow: 3,
  partition: 3,
  freezeWorker: 2,
  skew: 2,
  oneWay: 2,
  edit: 2,
};

/** The plan of all faults, purely from the seed: the same on every machine, whether or not it can carry out all of them. No fault begins before the one before it on the same target is over;
 *  never are two members of etcd away at once, but for `etcdAway`. All is healed at the end. */
export const planOf = ({
  seed,
  durationMs,
  shape,
  kinds = FAULT_KINDS,
  lostMs,
  everyMs = 5_000,
}: PlanOptions): readonly Fault[] => {
  const random = createRandom(seed);
  const free = new Map<string, number>();
  const faults: Fault[] = [];
  let deck: FaultKind[] = [];
  for (let at = 3_000; at < durationMs; at += random.between(Math.ceil(everyMs / 4), Math.ceil(everyMs * 1.75))) {
    if (deck.length === 0)
      deck = random.shuffled(kinds.flatMap((kind) => Array.from({ length: WEIGHTS[kind] ?? 1 }, () => kind)));
    const kind = deck.pop();
    if (kind === undefined) break;
    const drawn = drawFault(kind, random, shape, lostMs);
    const forMs = Math.min(drawn.forMs, durationMs - at);
    const busy = busyWith({ ...drawn, kind }, shape);
    if (busy.some((each) => (free.get(each) ?? 0) > at)) continue;
    for (const each of busy) free.set(each, at + forMs + 2_000);
    faults.push({ ...drawn, kind, at, forMs });
  }
  return faults;
};

/** What is set aside in the plan for the restart of one process. */
const RESTART_MS = 4_000;

/** What a fault keeps others away from. */
const busyWith = ({ kind, target, other }: Omit<Fault, 'at' | 'forMs'>, shape: Shape): readonly string[] => {
  if (kind === 'restartWorkers') return namesOf(shape).workers;
  if (kind === 'restartMasters') return namesOf(shape).masters;
  const isOrder = kind === 'killRun' || kind === 'runNow' || kind === 'edit' || kind === 'backfill' || kind === 'compact';
  if (isOrder) return [];
  if (kind === 'skew') return [`clock of ${target}`];
  if (kind === 'partition' || kind === 'oneWay')
    return [`link ${[target, other].toSorted().join(' ')}`, ...(target.startsWith('etcd') ? ['etcd'] : [])];
  if (target.startsWith('etcd')) return ['etcd'];
  return [target];
};

const drawFault = (kind: FaultKind, random: Random, shape: Shape, lostMs: number): Omit<Fault, 'at' | 'kind'> => {
  const names = namesOf(shape);
  const one = (list: readonly string[]): string => random.pick(list as readonly [string, ...string[]]);
  const short = (): number => random.between(1_000, 9_000);
  /** Half of the silences are longer than what makes runs lost. */
  const silence = (): number => (random.next() < 0.5 ? short() : lostMs + random.between(2_000, 8_000));
  switch (kind) {
    case 'killWorker':
    case 'freezeWorker':
      return { target: one(names.workers), forMs: silence() };
    case 'killLauncher':
      return { target: one(names.workers), forMs: 0 };
    case 'killHost':
    case 'freezeHost':
      return { target: one(names.workers), forMs: silence() };
    case 'killMaster':
    case 'freezeMaster':
      return { target: one(names.masters), forMs: random.between(1_000, 20_000) };
    case 'killEtcd':
    case 'freezeEtcd':
      return { target: one(names.etcds), forMs: short() };
    // One after the other, as an upgrade does it: how long that takes is theirs to say.
    case 'restartWorkers':
      return { target: 'workers', forMs: RESTART_MS * names.workers.length };
    case 'restartMasters':
      return { target: 'masters', forMs: RESTART_MS * names.masters.length };
    case 'etcdAway':
      return { target: 'etcds', forMs: random.between(2_000, 14_000) };
    case 'killMongo':
    case 'freezeMongo':
      return { target: 'mongo', forMs: random.between(2_000, 20_000) };
    case 'partition':
    case 'oneWay': {
      const ends: [string, ...string[]] = ['mongo', ...names.etcds, ...names.etcds];
      const other = random.pick(ends);
      const others = [
        ...names.workers,
        ...names.workers,
        ...names.masters,
        ...(other.startsWith('etcd') ? names.etcds.filter((name) => name !== other) : []),
      ];
      return { target: one(others), other, forMs: random.next() < 0.3 ? lostMs + 5_000 : random.between(2_000, 12_000) };
    }
    case 'skew':
      return {
        target: one([...names.workers, ...names.masters]),
        amount: random.pick([-5, -3, -1, 1, 3, 5]),
        forMs: random.between(5_000, 30_000),
      };
    case 'compact':
    case 'defragment':
      return { target: one(names.etcds), forMs: 0 };
    case 'fullDisk':
      return { target: names.workers.at(-1) ?? 'worker1', forMs: random.between(3_000, 12_000) };
    case 'killRun':
    case 'runNow':
    case 'edit':
    case 'backfill':
      return { target: one(names.masters), amount: random.between(0, 999), forMs: 0 };
    default:
      return kind satisfies never;
  }
};
