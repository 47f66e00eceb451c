import { InterceptingCall, type CallOptions, type StatusObject } from '@grpc/grpc-js';
import { castGrpcError, EtcdInvalidAuthTokenError, GRPCUnauthenticatedError, type Etcd3 } from 'etcd3';

export type Credentials = { readonly username: string; readonly password: string };
export type Interceptors = NonNullable<CallOptions['interceptors']>;

/** The tokens of one user at one member. Our own, because etcd3 makes a connection for each token and never closes it, and repeats a call
 *  for ever whose token is refused. */
export type Tokens = {
  /** Rejects when the member refuses the user or cannot be reached. Undefined without a user. */
  readonly get: () => Promise<string | undefined>;
  /** Refused: the next one is asked for anew. */
  readonly forget: (token: string | undefined) => void;
};

export function createTokens(client: Etcd3, user: Credentials | undefined, callOptions: () => CallOptions): Tokens {
  let asking: Promise<string> | undefined;
  let known: string | undefined;
  const ask = async ({ username, password }: Credentials): Promise<string> => {
    try {
      const { token } = await client.auth.authenticate({ name: username, password }, callOptions());
      return (known = token);
    } finally {
      asking = undefined;
    }
  };
  return {
    get: async () => (user ? (known ?? (asking ??= ask(user))) : undefined),
    forget: (token) => {
      // Calls that fail together must not throw away the token that the first of them has fetched.
      if (known === token) known = undefined;
    },
  };
}

/** Whether this says that the token is no longer known; then nothing was done. */
export const isTokenRefused = (thrown: unknown): boolean => {
  const error = thrown instanceof Error ? castGrpcError(thrown) : undefined;
  const isKind = [EtcdInvalidAuthTokenError, GRPCUnauthenticatedError].some((kind) => error instanceof kind);
  return isKind || /revision of auth store is old/.test(error?.message ?? '');
};

/** Adds a header to a call. */
export const withHeader = (name: string, value: string): Interceptors => [
  (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) => {
        const own = metadata.clone(); // it is shared with other calls
        own.set(name, value);
        next(own, { onReceiveStatus: (status: StatusObject, pass: (status: StatusObject) => void) => pass(plainly(status)) });
      },
    }),
];

// By these very words etcd3 knows a call to repeat for ever.
const plainly = (status: StatusObject): StatusObject => ({
  ...status,
  details: status.details.replace('etcdserver: invalid auth token', 'etcdserver: the token is refused'),
});
