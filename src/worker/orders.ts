import type { Logger } from 'pino';
import { filter, finalize, from, map, merge, mergeMap, share, type Observable } from 'rxjs';
import type { Command, Input, Waiting } from '../domain/decide.ts';
import type { KnownJob } from '../domain/known-job.ts';
import { noteClaim } from '../domain/rank-wait.ts';
import type { Clock } from '../streams/clock.ts';
import { TAKES_SLOT, type Order } from '../streams/scheduler.ts';
import type { OfJob } from './cursor-moves.ts';
import type { Parts } from './worker.ts';

/** More claims at once are no faster (facts.md). */
const CLAIMS_IN_FLIGHT = 16;

type Move = Exclude<Command, { type: 'start' | 'end' | 'wakeAt' }>;

/** Carries out what the scheduler ordered and hands its answers$ back. Starts, ends, and the word that the feeds are lost never wait behind claims: what waits for its turn then is not sent. */
export const carryOut = (
  orders$: Observable<Order>,
  { runs, claims, answers$, here, changes$ }: Parts,
  clock: Clock,
  log: Logger,
): Observable<unknown> => {
  const move = (known: KnownJob, command: Move, standing: Waiting | undefined): Promise<readonly Input[]> => {
    const of: OfJob = { known, standing };
    switch (command.type) {
      case 'claim':
        return claims.claim(of, command.tick, command.rank);
      case 'look':
        return claims.look(known, command.tick);
      case 'skip':
        return claims.skip(of, command.tick, command.reason);
      case 'enqueue':
        return claims.enqueue(of, command.tick, command.isBusy);
      case 'replace':
        return claims.replace(of, command);
      case 'take':
        return claims.take(known, command.waiting);
      default:
        return command satisfies never;
    }
  };
  const answer = (known: KnownJob, inputs: readonly Input[]): void => {
    for (const input of inputs) answers$.next({ job: known.job.name, input });
  };
  /** `asked.at`: monotonic. A claim that waits here for its turn is as late for those who look as one that waits in the store. */
  const act = async (order: Order, asked = { at: clock.monotonic() }): Promise<void> => {
    if (order.type === 'sync') {
      here.inSync = order.inSync;
      log.info({ inSync: order.inSync }, order.inSync ? 'in sync: takes part' : 'out of sync: claims nothing');
      changes$.next();
      return;
    }
    const { command, known, standing } = order;
    if (command.type === 'start') return runs.start(command.runId, command.attempt);
    if (command.type === 'end') return runs.kill(command.runId, command.kill);
    if (!known) return;
    if (!here.inSync) {
      answer(known, notSent(command));
      return;
    }
    const inputs = await move(known, command, standing);
    if (command.type === 'claim') here.claimTimes = noteClaim(here.claimTimes, clock.monotonic(), clock.monotonic() - asked.at);
    answer(known, inputs);
  };
  const isAtOnce = (order: Order): boolean =>
    order.type === 'sync' || order.command.type === 'start' || order.command.type === 'end';
  const shared$ = orders$.pipe(share());
  return merge(
    shared$.pipe(
      filter(isAtOnce),
      mergeMap((order) => from(act(order))),
    ),
    shared$.pipe(
      filter((order) => !isAtOnce(order)),
      map((order) => {
        const asked = { at: clock.monotonic() };
        // A claim takes a slot from its order on, also while it waits for its turn; one that holds counts by itself.
        const slots = order.type === 'order' && TAKES_SLOT.has(order.command.type) ? 1 : 0;
        here.claiming += slots;
        if (order.type === 'order' && order.command.type === 'claim') here.claimsAsked.add(asked);
        return { order, asked, slots };
      }),
      mergeMap(
        ({ order, asked, slots }) =>
          from(act(order, asked)).pipe(
            finalize(() => {
              here.claiming -= slots;
              here.claimsAsked.delete(asked);
            }),
          ),
        CLAIMS_IN_FLIGHT,
      ),
    ),
  );
};

/** What was ordered while the feeds were whole, and had not had its turn when they were lost: asked for again later. */
const notSent = (command: Move): readonly Input[] =>
  command.type === 'take'
    ? [{ type: 'unqueueable', runId: command.waiting.queued.runId }]
    : [{ type: 'away', tick: command.tick }];
