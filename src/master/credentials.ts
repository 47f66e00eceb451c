import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { createParse } from '../domain/problem.ts';

export const ROLES = ['viewer', 'operator', 'editor', 'admin'] as const;
export type Role = (typeof ROLES)[number];
const RoleSchema = Type.Enum([...ROLES]);

/** Value of `tokens/<id>`: of the token itself only its hash. */
const Token = Type.Object({
  v: Type.Integer({ minimum: 1 }),
  hash: Type.String(),
  role: RoleSchema,
  name: Type.String(),
  createdAt: Type.String(),
});
export type Token = Static<typeof Token>;

/** Value of `sessions/<hash of the session's id>`, under a lease of its own. It ends with its token: when that is gone or another. */
const Session = Type.Object({
  v: Type.Integer({ minimum: 1 }),
  tokenId: Type.String(),
  tokenHash: Type.String(),
  lease: Type.String(),
  createdAt: Type.String(),
});
export type Session = Static<typeof Session>;

export const parseToken = createParse(Token);
export const parseSession = createParse(Session);

/** What is stored of a secret. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
export const newSecret = (): string => randomBytes(32).toString('base64url');
/** In constant time. */
export const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};
