import { MongoClient } from 'mongodb';
import { defer, firstValueFrom, throwError, timeout } from 'rxjs';
import type { Clock } from '../../streams/clock.ts';
import { Unavailable } from '../../streams/ports.ts';
import { reasonOf } from './faults.ts';

type Options = { readonly url: string; readonly timeoutMs: number; readonly clock: Clock };

/** A client that connects when it is first asked, and the way to ask it: whatever goes wrong, and whatever takes longer than `timeoutMs`, is `Unavailable`, by the server's
 *  address and without its password. Throws one clear error when the URL cannot be read. */
export const connectionTo = ({ url, timeoutMs, clock }: Options) => {
  const { address, clean } = addressOf(url);
  const client = madeOrWhyNot(url, timeoutMs);
  if (typeof client === 'string') throw new Error(`The URL of the log database cannot be used: ${clean(client)}`);
  const told = (what: string, why: string, cause?: unknown): Unavailable =>
    new Unavailable(`The log database at ${address} did not do it (${what}): ${clean(why)}`, clean(why) === why ? { cause } : {});

  let isClosed = false;
  /** Before each call: a client whose first try failed stays with what it closed then, and never works again unless it is told to connect. Where it is connected this is nothing. */
  const connect = async (): Promise<void> => {
    await client.connect();
    // Closed meanwhile: what has been opened after that would keep the process alive.
    if (isClosed) await client.close();
  };

  /** `messages`: how many limits a call may take that sends more than one message. */
  const call = async <T>(what: string, act: () => Promise<T>, messages = 1): Promise<T> => {
    const limitMs = messages * timeoutMs;
    const late = {
      first: limitMs,
      scheduler: clock.scheduler,
      with: () => throwError(() => told(what, `no answer within ${String(limitMs)} ms`)),
    };
    if (isClosed) throw told(what, 'it was closed');
    try {
      return await firstValueFrom(defer(() => connect().then(act)).pipe(timeout(late)));
    } catch (error) {
      throw error instanceof Unavailable ? error : told(what, reasonOf(error), error);
    }
  };
  const close = async (): Promise<void> => {
    isClosed = true;
    await client.close();
  };
  return { client, call, close };
};

const clientOf = (url: string, timeoutMs: number): MongoClient =>
  new MongoClient(url, {
    // `timeoutMS` has no effect in this driver: each kind of waiting has its own limit.
    serverSelectionTimeoutMS: Math.min(timeoutMs, 5_000),
    connectTimeoutMS: timeoutMs,
    socketTimeoutMS: timeoutMs,
    waitQueueTimeoutMS: timeoutMs,
    maxPoolSize: 20,
    retryWrites: true,
    // Whatever the URL says: what is confirmed to the spool must outlive a primary, and what was stored must be found by who stored it.
    writeConcern: { w: 'majority' },
    readPreference: 'primary',
    appName: 'cronstream',
  });

/** What is wrong with a URL comes as a value: the driver's error may hold the password, and logs print causes. */
const madeOrWhyNot = (url: string, timeoutMs: number): MongoClient | string => {
  try {
    return clientOf(url, timeoutMs);
  } catch (error) {
    return reasonOf(error);
  }
};

/** The hosts of a URL, and how to take its user and password out of a text. */
export const addressOf = (url: string): { readonly address: string; readonly clean: (text: string) => string } => {
  const [, user, address = 'an unreadable address'] = /^mongodb(?:\+srv)?:\/\/(?:(.*)@)?([^/?@]+)/s.exec(url) ?? [];
  const secrets = [user, ...(user?.split(/[:@]/).slice(1) ?? [])].flatMap((each) =>
    each === undefined || each === '' ? [] : [each, decoded(each)],
  );
  return {
    address,
    clean: (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text.replaceAll(url, address)),
  };
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
