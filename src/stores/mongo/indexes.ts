import { MongoServerError, type Collection } from 'mongodb';
import type { Logger } from 'pino';
import { defer, lastValueFrom, Subject, takeUntil } from 'rxjs';
import type { LogDocument } from '../../domain/run.ts';
import { retrying } from '../../streams/backoff.ts';
import type { Clock } from '../../streams/clock.ts';

/** What the lists look for by; without them lists are right and slow. The time stands in each of them, so that runs of a time are picked by what an index says, without their outputs. */
export const INDEXES = [
  { key: { _id: -1, planTime: -1 } },
  { key: { planTime: -1, _id: -1 } },
  { key: { jobName: 1, _id: -1, planTime: -1 } },
  { key: { outcome: 1, _id: -1, planTime: -1 } },
  { key: { worker: 1, _id: -1, planTime: -1 } },
  { key: { 'run.workerName': 1, _id: -1, planTime: -1 } },
  { key: { jobName: 1, 'run.fireTime': -1, _id: -1 } },
] as const;

type Parts = {
  readonly documents: Collection<LogDocument>;
  readonly call: (what: string, act: () => Promise<void>) => Promise<void>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'warn'> | undefined;
};

const MOST_WAIT_MS = 60_000;

/** Makes the indexes, in the background and again until it succeeds or is ended: nobody waits for it, and a server that is away is no error. What the server has to say against it is told once. */
export const makeIndexes = ({ documents, call, clock, log }: Parts): { readonly end: () => void } => {
  const end$ = new Subject<void>();
  let isTold = false;
  const onError = (error: unknown): void => {
    if (isTold || !(error instanceof Error) || !(error.cause instanceof MongoServerError)) return;
    isTold = true;
    log?.warn({ err: error }, 'the indexes of the run log could not be made: lists will be slow');
  };
  const made$ = defer(async () => {
    // One a command: FerretDB panics, and breaks the connection, when several of one command are there already.
    const failures: unknown[] = [];
    for (const { key } of INDEXES)
      await call('indexes', async () => {
        await documents.createIndex(key);
      }).catch((error: unknown) => failures.push(error)); // one that fails keeps no other from being made
    if (failures.length > 0) throw failures[0];
  });
  void lastValueFrom(made$.pipe(retrying(clock, { mostMs: MOST_WAIT_MS, onError }), takeUntil(end$)), {
    defaultValue: undefined,
  });
  return {
    end: () => {
      end$.next();
    },
  };
};
