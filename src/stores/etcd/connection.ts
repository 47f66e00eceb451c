import { noop } from 'cockatiel';
import { Etcd3, type IOptions } from 'etcd3';
import type { Logger } from 'pino';
import { catchError, defer, merge, Subject, switchMap, type Observable } from 'rxjs';
import { systemClock } from '../../streams/clock.ts';
import { Unavailable } from '../../streams/ports.ts';
import { toStoreError } from './errors.ts';
import { createTokens, isTokenRefused, withHeader, type Credentials, type Interceptors } from './tokens.ts';

export type EtcdOptions = {
  /** Addresses of the members: `http://host:2379`, or all `https://…`. */
  readonly hosts: readonly string[];
  readonly auth?: Credentials;
  /** Contents of PEM files, not their paths. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Limit of every call; 5 s by default. */
  readonly deadlineMs?: number;
  /** How long a watch may be silent before it counts as broken; 10 s by default. */
  readonly silenceMs?: number;
  readonly log?: Pick<Logger, 'info' | 'warn'>;
};

/** What a call on one member is given. A stream that has no deadline takes the interceptors alone. */
export type Member = {
  readonly client: Etcd3;
  readonly options: { readonly deadline: number; readonly interceptors: Interceptors };
};

/** The members of a cluster, and which of them is talked to. What is asked fails as the port says; `what` says in the message what it was. */
export type Connection = {
  readonly call: <T>(what: string, ask: (member: Member) => Promise<T>) => Promise<T>;
  readonly stream: <T>(what: string, ask: (member: Member) => Observable<T>) => Observable<T>;
  /** Ends every stream and refuses every further call. */
  readonly close: () => void;
};

// The default policies of etcd3 repeat a transaction whose answer was lost, which then fails on what it wrote itself; and they close the
// door for 5 s after three errors.
const noFaultHandling = { global: noop, host: () => noop };

const grpcOptions = {
  // A link that goes silent is noticed after 15 s even where nobody has set a limit.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // A page of a thousand large jobs, or a watch that catches up, is larger than the 4 MB of the default.
  'grpc.max_receive_message_length': -1,
  'grpc.enable_retries': 0,
  // etcd is not on the other side of a web proxy.
  'grpc.enable_http_proxy': 0,
};

const credentialsOf = ({ ca, cert, key }: NonNullable<EtcdOptions['tls']>): NonNullable<IOptions['credentials']> => ({
  // Without a CA of its own, grpc takes those that Node knows; etcd3's type does not say so.
  ...({ rootCertificate: ca === undefined ? null : Buffer.from(ca) } as { rootCertificate: Buffer }),
  ...(cert === undefined || key === undefined ? {} : { certChain: Buffer.from(cert), privateKey: Buffer.from(key) }),
});

/** Throws, with every problem in one message, when the options cannot work. Nothing is sent. */
function checkOptions({ hosts, tls }: EtcdOptions): void {
  const isSecure = (host: string): boolean => host.startsWith('https://');
  const problems = [
    hosts.length === 0 ? 'no address is given' : undefined,
    ...hosts.filter((host) => !/^https?:\/\/[^/]+$/.test(host)).map((host) => `"${host}" is not like http://host:2379`),
    hosts.some(isSecure) && !hosts.every(isSecure) ? 'http and https addresses are mixed' : undefined,
    tls !== undefined && !hosts.every(isSecure) ? 'certificates are given, but the addresses are not https' : undefined,
    (tls?.cert === undefined) !== (tls?.key === undefined) ? 'certificate and key belong together' : undefined,
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new Error(`Wrong etcd configuration: ${problems.join('; ')}.`);
}

/**
 * Connects to nothing yet: the first call does. All calls go to one member, until a call finds it out of reach: the call fails, and the next goes to the
 * next member. (etcd3's own balancing picks one at random for every call, so that a dead member of three would fail every third call for as long
 * as it is dead.)
 */
export function createConnection(given: EtcdOptions): Connection {
  const hosts = given.hosts.map((host) => host.trim().replace(/\/+$/, ''));
  checkOptions({ ...given, hosts });
  const { auth, tls, deadlineMs = 5_000, log } = given;
  const callOptions = (): { deadline: number } => ({ deadline: systemClock.now() + deadlineMs });
  const members = hosts.map((host) => {
    const credentials = tls ? { credentials: credentialsOf(tls) } : {};
    const client = new Etcd3({ hosts: host, faultHandling: noFaultHandling, grpcOptions, ...credentials });
    return { host, client, tokens: createTokens(client, auth, callOptions) };
  });
  const closed$ = new Subject<never>();
  let isClosed = false;
  // Not the first for everybody: a cluster's clients spread over its members.
  let present = Math.floor(Math.random() * hosts.length);

  const leave = (index: number): void => {
    if (index !== present || hosts.length === 1) return;
    present = (index + 1) % hosts.length;
    log?.warn({ from: hosts[index], to: hosts[present] }, 'etcd member left for the next one');
  };
  /** The present member, and what becomes of an error on it. */
  const choose = (what: string) => {
    const [index, chosen] = [present, members[present]];
    if (isClosed || chosen === undefined) throw new Unavailable('The connection to etcd is closed.');
    const { host, client, tokens } = chosen;
    let token: string | undefined;
    const enter = async (): Promise<Member> => {
      token = await tokens.get();
      const interceptors = token === undefined ? [] : withHeader('token', token);
      return { client, options: { ...callOptions(), interceptors } };
    };
    /** True when a refused token was the reason, and a new one may do. */
    const isWorthAgain = (error: unknown): boolean => {
      const isRefused = token !== undefined && isTokenRefused(error);
      if (isRefused) tokens.forget(token);
      return isRefused;
    };
    const failed = (error: unknown): Error => {
      const translated = toStoreError(error, { what, host, user: auth?.username, deadlineMs });
      if (translated.isOutOfReach) leave(index);
      return translated.error;
    };
    return { enter, isWorthAgain, failed };
  };

  return {
    call: async (what, ask) => {
      const { enter, isWorthAgain, failed } = choose(what);
      try {
        return await ask(await enter()).catch(async (error: unknown) => {
          if (!isWorthAgain(error)) throw error;
          return ask(await enter());
        });
      } catch (error) {
        throw failed(error);
      }
    },
    stream: (what, ask) =>
      defer(() => {
        const { enter, isWorthAgain, failed } = choose(what);
        return merge(closed$, defer(enter).pipe(switchMap(ask))).pipe(
          catchError((error: unknown) => {
            isWorthAgain(error); // for the next one: a stream begins only once
            throw failed(error);
          }),
        );
      }),
    close: () => {
      if (isClosed) return;
      isClosed = true;
      closed$.error(new Unavailable('The connection to etcd is closed.'));
      members.forEach(({ client }) => client.close());
    },
  };
}
