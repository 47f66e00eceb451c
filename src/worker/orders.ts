import type { Logger } from 'pino';
import { filter, from, merge, mergeMap, share, type Observable } from 'rxjs';
import type { Command, Input } from '../domain/decide.ts';
import type { KnownJob } from '../domain/known-job.ts';
import type { Order } from '../streams/scheduler.ts';
import type { Parts } from './worker.ts';

/** More claims at once are no faster (facts.md). */
const CLAIMS_IN_FLIGHT = 16;

type Move = Exclude<Command, { type: 'start' | 'end' | 'wakeAt' }>;

/** Carries out what the scheduler ordered and hands its answers$ back. Starts and ends never wait behind claims. */
export const carryOut = (
  orders$: Observable<Order>,
  { runs, claims, answers$, here, changes$ }: Parts,
  log: Logger,
): Observable<unknown> => {
  const move = (known: KnownJob, command: Move): Promise<readonly Input[]> => {
    switch (command.type) {
      case 'claim':
        return claims.claim(known, command.tick, command.rank);
      case 'look':
        return claims.look(known, command.tick);
      case 'skip':
        return claims.skip(known, command.tick, command.reason);
      case 'enqueue':
        return claims.enqueue(known, command.tick);
      case 'take':
        return claims.take(known, command.waiting);
      default:
        return command satisfies never;
    }
  };
  const act = async (order: Order): Promise<void> => {
    if (order.type === 'sync') {
      here.inSync = order.inSync;
      log.info({ inSync: order.inSync }, order.inSync ? 'in sync: takes part' : 'out of sync: claims nothing');
      changes$.next();
      return;
    }
    const { command, known } = order;
    if (command.type === 'start') return runs.start(command.runId);
    if (command.type === 'end') return runs.kill(command.runId, command.kill);
    if (!known) return;
    // A claim on its way takes a slot; one that holds counts by itself.
    const slots = command.type === 'claim' || command.type === 'take' ? 1 : 0;
    here.claiming += slots;
    let inputs: readonly Input[];
    try {
      inputs = await move(known, command);
    } finally {
      here.claiming -= slots;
    }
    for (const input of inputs) answers$.next({ job: known.job.name, input });
  };
  const isOfRun = (order: Order): boolean =>
    order.type === 'order' && (order.command.type === 'start' || order.command.type === 'end');
  const shared$ = orders$.pipe(share());
  return merge(
    shared$.pipe(
      filter(isOfRun),
      mergeMap((order) => from(act(order))),
    ),
    shared$.pipe(
      filter((order) => !isOfRun(order)),
      mergeMap((order) => from(act(order)), CLAIMS_IN_FLIGHT),
    ),
  );
};
