import type { Operation, Transaction } from '../domain/transaction.ts';

/** What both adapters refuse before anything is sent or written. etcd's own limits, except the key's (lmdb's, less some room), so that what works on one works on the other. */
export const LIMITS = { compares: 128, operations: 128, keyBytes: 1900, totalBytes: 1_400_000 } as const;

const bytes = (text: string): number => Buffer.byteLength(text);

const keyProblem = (key: string): string | undefined => {
  if (key === '') return 'a key is empty';
  // A lone surrogate would be stored as another character, and two keys would become one.
  if (/\p{Surrogate}/u.test(key)) return `the key ${JSON.stringify(key)} is not well-formed text`;
  return bytes(key) > LIMITS.keyBytes
    ? `a key has ${bytes(key)} bytes, over ${LIMITS.keyBytes}: ${key.slice(0, 80)}…`
    : undefined;
};

const branchProblem = (name: string, operations: readonly Operation[]): string | undefined => {
  if (operations.length > LIMITS.operations) return `"${name}" has ${operations.length} operations, over ${LIMITS.operations}`;
  const written = new Set<string>();
  for (const operation of operations) {
    if (operation.type === 'get') continue;
    if (written.has(operation.key)) return `"${name}" writes ${operation.key} twice`;
    written.add(operation.key);
  }
  return undefined;
};

const sizeOf = ({ if: compares = [], then, else: otherwise = [] }: Transaction): number =>
  compares.reduce((sum, each) => sum + bytes(each.key) + (each.type === 'value' ? bytes(each.than) : 0), 0) +
  [...then, ...otherwise].reduce((sum, each) => sum + bytes(each.key) + (each.type === 'put' ? bytes(each.value) : 0), 0);

/** Throws a plain error, a mistake of the caller, for what is no transaction. */
export function checkTransaction(transaction: Transaction): void {
  const { if: compares = [], then, else: otherwise = [] } = transaction;
  const tooMany = compares.length > LIMITS.compares ? `it has ${compares.length} compares, over ${LIMITS.compares}` : undefined;
  const keys = [...compares, ...then, ...otherwise].map(({ key }) => key);
  const problem =
    tooMany ?? branchProblem('then', then) ?? branchProblem('else', otherwise) ?? keys.map(keyProblem).find(Boolean);
  if (problem !== undefined) throw new Error(`Not a transaction: ${problem}.`);
  const size = sizeOf(transaction);
  if (size > LIMITS.totalBytes) throw new Error(`Not a transaction: it has ${size} bytes, over ${LIMITS.totalBytes}.`);
}
