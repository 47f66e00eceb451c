import type { Logger } from 'pino';
import { defer, ignoreElements, merge, tap, type Observable } from 'rxjs';
import { toInstant, toMs } from '../domain/instant.ts';
import type { Keys } from '../domain/keys.ts';
import { retrying } from '../streams/backoff.ts';
import type { Clock } from '../streams/clock.ts';
import { feed } from '../streams/feed.ts';
import type { Coordination, Entry } from '../streams/ports.ts';
import { hashOf, isSame, newSecret, parseSession, parseToken, type Role, type Session, type Token } from './credentials.ts';
import type { RouteStores } from './errors.ts';
import { createSignInCodes } from './sign-in-codes.ts';

/** Who asks. `session` is there where the console's cookie says so. */
export type Identity = { readonly name: string; readonly role: Role; readonly session?: string };

/** The well-known id of the first token: that two masters start at once on an empty store makes one of it. */
const FIRST = 'first-admin';
const SESSION_MS = 12 * 3_600_000;

export type AccountsDeps = {
  /** For the feeds. */
  readonly coordination: Pick<Coordination, 'list' | 'watch'>;
  readonly stores: RouteStores;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly log: Logger;
  /** The admin token from the environment. It replaces the one that was made. */
  readonly adminToken?: string | undefined;
  /** Told the token that this master made, once, to be printed; it is kept nowhere. */
  readonly onFirstToken?: ((token: string) => void) | undefined;
};

export type Accounts = ReturnType<typeof createAccounts>;

/** Tokens and sessions, in the coordination store: every master knows the same ones. */
export const createAccounts = ({ coordination, stores, keys, clock, log, adminToken, onFirstToken }: AccountsDeps) => {
  const tokens = new Map<string, Token>();
  const sessions = new Map<string, Session>();
  const renewedAt = new Map<string, number>();
  const codes = createSignInCodes(clock);
  const made = adminToken ?? newSecret();

  const heard = (prefix: string, put: (id: string, entry: Entry) => void, remove: (id: string) => void): Observable<never> =>
    feed(coordination, prefix, { clock }).pipe(
      tap((event) => {
        if (event.type === 'outOfSync') return;
        const changes =
          event.type === 'changes' ? event.changes : event.entries.map((entry) => ({ type: 'put', entry }) as const);
        for (const change of changes) {
          if (change.type === 'put') put(change.entry.key.slice(prefix.length), change.entry);
          else remove(change.key.slice(prefix.length));
        }
      }),
      ignoreElements(),
    );

  const noteToken = (id: string, { value }: Pick<Entry, 'value'>): Token | undefined => {
    const parsed = parseToken(value);
    if (parsed.ok) tokens.set(id, parsed.value);
    else tokens.delete(id);
    return parsed.ok ? parsed.value : undefined;
  };
  const noteSession = (hash: string, { value }: Pick<Entry, 'value'>): Session | undefined => {
    const parsed = parseSession(value);
    if (parsed.ok) sessions.set(hash, parsed.value);
    return parsed.ok ? parsed.value : undefined;
  };
  const forgetSession = (hash: string): void => {
    sessions.delete(hash);
    renewedAt.delete(hash);
  };

  const read = async (key: string): Promise<Entry | undefined> =>
    (await stores.coordination.transact({ then: [{ type: 'get', key }] })).reads[0];

  /** What was not heard of yet may just have been made on another master: one read says. */
  const tokenOf = async (id: string): Promise<Token | undefined> => {
    const known = tokens.get(id);
    if (known) return known;
    const entry = await read(keys.token(id));
    return entry && noteToken(id, entry);
  };

  const ensureFirst = async (): Promise<void> => {
    const key = keys.token(FIRST);
    const token: Token = { v: 1, hash: hashOf(made), role: 'admin', name: 'admin', createdAt: toInstant(clock.now()) };
    const put = { type: 'put', key, value: JSON.stringify(token) } as const;
    const answer = await stores.coordination.transact({
      if: [{ type: 'absent', key }],
      then: [put],
      else: [{ type: 'get', key }],
    });
    const found = answer.reads[0];
    // Found with our hash: it was written, and the answer to that was lost.
    const isOurs = answer.succeeded || (found !== undefined && noteToken(FIRST, found)?.hash === token.hash);
    if (isOurs) {
      tokens.set(FIRST, token);
      if (adminToken === undefined) onFirstToken?.(made);
    } else if (adminToken !== undefined && found) {
      const replaced = await stores.coordination.transact({
        if: [{ type: 'revision', key, is: found.revision }],
        then: [put],
      });
      if (!replaced.succeeded) return ensureFirst();
      tokens.set(FIRST, token);
      log.info('the admin token was replaced by the one of the configuration');
    }
  };

  const identityOf = ({ name, role }: Token, session?: string): Identity => ({
    name,
    role,
    ...(session === undefined ? {} : { session }),
  });

  const open = async (tokenId: string, token: Token): Promise<string> => {
    const secret = newSecret();
    const lease = await stores.coordination.grantLease(SESSION_MS);
    const session: Session = { v: 1, tokenId, tokenHash: token.hash, lease, createdAt: toInstant(clock.now()) };
    const hash = hashOf(secret);
    await stores.coordination.transact({
      if: [{ type: 'exists', key: keys.token(tokenId) }],
      then: [{ type: 'put', key: keys.session(hash), value: JSON.stringify(session), lease: session.lease }],
    });
    sessions.set(hash, session);
    return secret;
  };

  /** Used and half gone: its time begins anew. Not waited for; a failure leaves it as it is until the next use. */
  const renew = (hash: string, { lease, createdAt }: Session): void => {
    const now = clock.now();
    if (now - (renewedAt.get(hash) ?? toMs(createdAt)) < SESSION_MS / 2) return;
    renewedAt.set(hash, now);
    stores.coordination.renewLease(lease as never).catch((error: unknown) => {
      renewedAt.delete(hash);
      log.debug({ err: error }, 'a session could not be renewed');
    });
  };

  const findToken = async (text: string, mayRead = true): Promise<readonly [string, Token] | undefined> => {
    const hash = hashOf(text);
    const found = [...tokens].filter(([, token]) => isSame(token.hash, hash))[0];
    if (found || !mayRead) return found;
    const { entries } = await stores.coordination.list(keys.tokens);
    for (const entry of entries) noteToken(entry.key.slice(keys.tokens.length), entry);
    return [...tokens].filter(([, token]) => isSame(token.hash, hash))[0];
  };

  const bySessionHash = async (hash: string): Promise<Identity | undefined> => {
    let session = sessions.get(hash);
    if (!session) {
      const entry = await read(keys.session(hash));
      session = entry && noteSession(hash, entry);
    }
    const token = session && (await tokenOf(session.tokenId));
    if (!session || !token || !isSame(token.hash, session.tokenHash)) return undefined;
    renew(hash, session);
    return identityOf(token, hash);
  };

  return {
    /** Keeps the memory of tokens and sessions, and makes the first token. Emits once, when there is one; never ends. */
    life$: merge(
      heard(keys.tokens, noteToken, (id) => tokens.delete(id)),
      heard(keys.sessions, noteSession, forgetSession),
      defer(ensureFirst).pipe(
        retrying(clock, { onError: (error) => log.warn({ err: error }, 'the first token cannot be looked for yet') }),
      ),
    ),
    /** `mayRead`: whether a token that is not known here may cost a read of the store. */
    byToken: async (text: string, { mayRead }: { readonly mayRead: boolean }): Promise<Identity | undefined> => {
      const found = await findToken(text, mayRead);
      return found && identityOf(found[1]);
    },
    bySession: (cookie: string): Promise<Identity | undefined> => bySessionHash(hashOf(cookie)),
    /** Whether a session that was let in is still one. */
    isOpen: async (hash: string): Promise<boolean> => (await bySessionHash(hash)) !== undefined,
    /** A session for a token: its cookie and who it is; undefined for a token that nobody gave out. */
    login: async (text: string): Promise<{ readonly cookie: string; readonly identity: Identity } | undefined> => {
      const found = await findToken(text);
      return found && { cookie: await open(...found), identity: identityOf(found[1]) };
    },
    /** The cookie for a sign-in code: once, and soon. */
    redeem: async (code: string): Promise<string | undefined> => {
      if (!codes.take(code)) return undefined;
      const token = await tokenOf(FIRST);
      return token && open(FIRST, token);
    },
    signInCode: codes.make,
    logout: async (hash: string): Promise<void> => {
      const lease = sessions.get(hash)?.lease;
      forgetSession(hash);
      await stores.coordination.transact({ then: [{ type: 'delete', key: keys.session(hash) }] });
      if (lease !== undefined) await stores.coordination.revokeLease(lease);
    },
  };
};
