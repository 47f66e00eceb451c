import { toMs } from '../domain/instant.ts';
import type { FullJob } from '../domain/job.ts';
import { unfitness, type Peer } from '../domain/placement.ts';
import { timeIn } from '../domain/schedule/asked.ts';
import type { Presence, QueuedRun } from '../domain/values.ts';
import type { Language } from '../domain/words.ts';
import { noWorkerWarning, peersOf } from './no-worker.ts';
import type { Seen } from './seen.ts';
import { running } from './views.ts';

/** A tick that is due or waits. `queued`: what is in the queue for it; undefined where nobody has decided it yet. */
export type Waits = { readonly fireTime: string; readonly queued: QueuedRun | undefined };

type Words = {
  readonly off: string;
  readonly broken: string;
  readonly gone: (worker: string) => string;
  readonly run: (at: string, worker: string, isKilled: boolean) => string;
  readonly runBefore: (at: string) => string;
  readonly full: (workers: string) => string;
  readonly unsynced: string;
  readonly soon: string;
  readonly list: (items: readonly string[], more: number) => string;
};

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    off: 'the job is switched off',
    broken: 'the job cannot be read, so no worker takes it',
    gone: (worker) => `it is for worker ${worker} alone, which is not here`,
    run: (at, worker, isKilled) =>
      `the run of ${at} on ${worker} ${isKilled ? 'is being ended, and has not ended yet' : 'has not ended'}`,
    runBefore: (at) => `the one of ${at} waits before it, and they run one at a time`,
    full: (workers) => `all workers that may run it are full: ${workers}`,
    unsynced: 'no worker that may run it has a whole link to etcd',
    soon: 'a worker takes it at any moment',
    list: (items, more) => [...items, ...(more > 0 ? [`${String(more)} more`] : [])].join(', '),
  },
  zh: {
    off: '作业已停用',
    broken: '作业内容无法读取，因此没有工作节点会接手',
    gone: (worker) => `它只能由工作节点 ${worker} 执行，而该节点不在线`,
    run: (at, worker, isKilled) => `${at} 在 ${worker} 上的运行${isKilled ? '正在被终止，尚未结束' : '尚未结束'}`,
    runBefore: (at) => `${at} 的那一次排在它之前，须逐个运行`,
    full: (workers) => `可以运行它的工作节点都已满：${workers}`,
    unsynced: '可以运行它的工作节点与 etcd 的连接都不完整',
    soon: '工作节点随时会接手',
    list: (items, more) => [...items, ...(more > 0 ? [`另有 ${String(more)} 个`] : [])].join('、'),
  },
};

const TOLD = 3;

/** Why a tick of a job that is due or waits has not begun: the first thing that somebody on call would have to change. Pure. Undefined for a job that this master does not know. */
export const whyWaits = (seen: Seen, name: string, { fireTime, queued }: Waits, language: Language): string | undefined => {
  const found = seen.jobs.get(name);
  const words = WORDS[language];
  if (!found) return undefined;
  if (!found.known) return words.broken;
  const { job } = found.known;
  if (!job.enabled && queued === undefined) return words.off;
  const worker = queued?.worker;
  if (worker !== undefined && !isHere(seen, worker)) return words.gone(worker);
  const lacks = noWorkerWarning(seen, job, language, worker);
  if (lacks !== undefined) return lacks;
  const time = (at: string): string => timeIn(toMs(at), job.timezone);
  if (job.overlap !== 'allow') {
    // Under placement `all` each worker has its own turn.
    const isSame = (of: string | undefined): boolean => job.mode !== 'all' || worker === undefined || of === worker;
    const holder = running(seen.runsOfJob(name)).find(({ live }) => live.locks && isSame(live.worker));
    if (holder) {
      const { live } = holder;
      return words.run(time(live.fireTime), live.workerName, seen.kills.has(live.runId));
    }
    const before = seen
      .queueOfJob(name)
      .map((each) => each.queued)
      .filter((each) => each.runId !== queued?.runId && each.fireTime < fireTime && each.attempt === 1 && isSame(each.worker))
      .toSorted((a, b) => (a.fireTime < b.fireTime ? -1 : 1))[0];
    if (before) return words.runBefore(time(before.fireTime));
  }
  return whyNobodyTakes(seen, job, worker, words) ?? words.soon;
};

const isHere = (seen: Seen, worker: string): boolean =>
  [...seen.workers.values()].some(({ id, name }) => id === worker || name === worker);

/** Of workers that may run it: what keeps each of them from it now; undefined where one may begin. */
const whyNobodyTakes = (seen: Seen, job: FullJob, worker: string | undefined, words: Words): string | undefined => {
  const peers = peersOf(seen).map((peer) => ({ ...peer, running: running(seen.runsOfWorker(peer.id)).length }));
  const mine = peers.filter(({ id, name }) => worker === undefined || id === worker || name === worker);
  const kept = mine.map((peer) => [peer, unfitness(job, peer, peers)?.reason] as const);
  if (kept.some(([, reason]) => reason === undefined)) return undefined;
  const full = kept.filter(([, reason]) => reason === 'full').map(([peer]) => peer);
  if (full.length === 0) return kept.some(([, reason]) => reason === 'unsynced') ? words.unsynced : undefined;
  return words.full(words.list(full.slice(0, TOLD).map(shown), full.length - TOLD));
};

const shown = ({ name, running: busy, slots }: Peer & Pick<Presence, 'running'>): string =>
  `${name} ${String(busy)}/${String(slots)}`;
