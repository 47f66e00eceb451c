import type { IDuplexStream, IWatchRequest, IWatchResponse } from 'etcd3';
import {
  concat,
  defer,
  firstValueFrom,
  ignoreElements,
  interval,
  map,
  merge,
  NEVER,
  Observable,
  of,
  switchMap,
  tap,
  throwError,
  timeout,
} from 'rxjs';
import { Compacted, Unavailable, type Changes } from '../../streams/ports.ts';
import { rangeOf } from '../key-range.ts';
import type { Connection, Member } from './connection.ts';
import { withHeader } from './tokens.ts';
import { revisionOf, toChange, toRange } from './wire.ts';

/** The only place that touches etcd's watch and lease streams. Raw: etcd3's own watcher and lease lose changes and notice losses late. */

/** A call with a stream each way. Unsubscribing cancels it; nothing of it is waited for. */
const opened = <Q, R>(open: () => Promise<IDuplexStream<Q, R>>): Observable<IDuplexStream<Q, R>> =>
  new Observable((subscriber) => {
    open().then(
      (stream) => {
        // Stays attached for good: the error that a cancel makes must not be unhandled.
        stream.on('error', (error) => subscriber.error(error));
        stream.on('end', () => subscriber.error(new Error('the stream ended')));
        // Runs at once when nobody listens any more. Ended first: etcd3 takes the error of a cancel for a failure of the member, and closes
        // every channel to it, unless the stream is no longer writable.
        subscriber.add(() => {
          stream.end();
          stream.cancel();
        });
        subscriber.next(stream);
      },
      (error: unknown) => subscriber.error(error),
    );
  });

/** The answers of such a call, while the requests are written as they come. Errors when the stream ends. */
const duplex = <Q, R>(open: () => Promise<IDuplexStream<Q, R>>, requests$: Observable<Q>): Observable<R> =>
  opened(open).pipe(
    switchMap((stream) => {
      const answers$ = new Observable<R>((subscriber) => void stream.on('data', (answer) => subscriber.next(answer)));
      const written$ = requests$.pipe(
        tap((request) => stream.write(request)),
        ignoreElements(),
      );
      return merge(answers$, written$);
    }),
  );

// A member that is cut off from its cluster would keep a watch open and answer its heartbeats, and tell nothing. With this it ends the stream.
const requireLeader = withHeader('hasleader', 'true');

/** Starts a lease's time anew; false when it is gone. */
export const keepAlive = ({ client, options }: Member, id: string): Promise<boolean> =>
  firstValueFrom(
    // The requests stay open until the answer is there: etcd drops the answer of a stream that was ended before.
    duplex(() => client.leaseClient.leaseKeepAlive(options), concat(of({ ID: id }), NEVER)).pipe(
      map(({ TTL }) => Number(TTL) > 0),
    ),
    { defaultValue: false },
  );

const ended = ({ compact_revision, canceled, cancel_reason }: IWatchResponse): Error | undefined => {
  if (Number(compact_revision) > 0) return new Compacted(`etcd keeps changes from revision ${compact_revision} on.`);
  return canceled ? new Error(cancel_reason || 'the watch was cancelled') : undefined;
};

/** The changes under a prefix, as the port says. A heartbeat asks for a sign of life; after `silenceMs` without one the watch is given up. */
export const watch =
  (connection: Connection, silenceMs: number) =>
  (prefix: string, fromRevision: number): Observable<Changes> =>
    defer(() => {
      let revision = fromRevision - 1;
      const create: IWatchRequest = { create_request: { ...toRange(rangeOf(prefix)), start_revision: fromRevision } };
      const progress: IWatchRequest = { progress_request: {} };
      const heartbeat$ = interval(silenceMs * 0.4).pipe(map(() => progress));
      const toChanges = (answer: IWatchResponse): Changes => {
        const error = ended(answer);
        if (error) throw error;
        if (answer.created && Number(answer.header.revision) < revision)
          throw new Compacted(`etcd is at revision ${answer.header.revision}, before ${revision}: it was restored, or lags.`);
        const changes = answer.events.map(toChange);
        // The header's revision is the store's, also while the watch is still catching up: going on from there would leave a gap.
        const last = changes.at(-1);
        revision = last ? revisionOf(last) : revision;
        return { changes, revision };
      };
      return connection.stream(`watch ${prefix}`, ({ client, options }) => {
        const interceptors = [...requireLeader, ...options.interceptors];
        return duplex(() => client.watchClient.watch({ interceptors }), concat(of(create), heartbeat$)).pipe(
          timeout({
            each: silenceMs,
            with: () => throwError(() => new Unavailable(`etcd said nothing for ${silenceMs} ms (watch ${prefix}).`)),
          }),
          map(toChanges),
        );
      });
    });
