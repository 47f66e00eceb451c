import {
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  GRPCDeadlineExceededError,
  GRPCFailedPreconditionError,
  GRPCInvalidArgumentError,
  GRPCOutOfRangeError,
  GRPCUnauthenticatedError,
  castGrpcError,
} from 'etcd3';
import { Compacted, LeaseGone, Unavailable } from '../../streams/ports.ts';

type Place = {
  /** What was asked for, as in "etcd did not answer in time: list". */
  readonly what: string;
  readonly host: string;
  readonly user: string | undefined;
  readonly deadlineMs: number;
};

export type StoreError = {
  /** What the port's caller gets. */
  readonly error: Error;
  /** Another member may do better. */
  readonly isOutOfReach: boolean;
};

type Kind = abstract new (...args: never[]) => Error;
const isOneOf = (error: Error, ...kinds: readonly Kind[]): boolean => kinds.some((kind) => error instanceof kind);

const asError = (error: unknown): Error => (error instanceof Error ? castGrpcError(error) : new Error(String(error)));

// Without grpc's own ornaments: "14 UNAVAILABLE: No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ".
const textOf = ({ message }: Error): string =>
  message
    .replace(/^\d+ [A-Z_]+: /, '')
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\. Resolution note: .*$/, '');

/** Translates what etcd3 and grpc throw into the port's errors, with a text that says where, what and why. */
export function toStoreError(thrown: unknown, { what, host, user, deadlineMs }: Place): StoreError {
  const error = asError(thrown);
  const refused = (why: string): StoreError => ({
    error: new Unavailable(`etcd at ${host} ${why} (${what}).`),
    isOutOfReach: false,
  });
  const outOfReach = (why: string): StoreError => ({ ...refused(why), isOutOfReach: true });
  const text = textOf(error);

  if (isOneOf(error, Unavailable, Compacted, LeaseGone)) return { error, isOutOfReach: isOneOf(error, Unavailable) };
  if (isOneOf(error, EtcdLeaseInvalidError)) return { error: new LeaseGone(`The lease is gone (${what}).`), isOutOfReach: false };
  if (isOneOf(error, EtcdAuthenticationFailedError)) return refused(`refuses user "${user}": unknown user or wrong password`);
  if (isOneOf(error, EtcdPermissionDeniedError)) return refused(`does not permit this to user "${user}"`);
  if (isOneOf(error, EtcdInvalidAuthTokenError, GRPCUnauthenticatedError))
    return refused(`no longer takes the token of user "${user}"`);
  if (/user name is empty/.test(text)) return refused('wants a user and a password');
  if (/authentication is not enabled/.test(text)) return refused('has no users, but one is configured');
  if (/required revision has been compacted/.test(text)) return refused('was compacted meanwhile');
  if (isOneOf(error, GRPCDeadlineExceededError)) return outOfReach(`did not answer within ${deadlineMs} ms`);
  if (isOneOf(error, GRPCInvalidArgumentError, GRPCFailedPreconditionError, GRPCOutOfRangeError))
    return { error: new Error(`etcd refuses: ${text} (${what}).`, { cause: error }), isOutOfReach: false };
  return outOfReach(text.startsWith('etcdserver: ') ? `answered "${text}"` : `cannot be reached: ${text}`);
}
