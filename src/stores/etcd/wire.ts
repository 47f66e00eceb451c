import type { ICompare, IEvent, IKeyValue, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3';
import type { Change, Compare, Entry, Operation, Transacted, Transaction } from '../../streams/ports.ts';
import type { KeyRange } from '../key-range.ts';

/** The port's words as etcd's messages, and back. Pure. */

/** etcd's way to say a range: an end of one zero byte is no end. */
export const toRange = ({ start, end }: KeyRange): { readonly key: Buffer; readonly range_end: Buffer } => ({
  key: start,
  range_end: end ?? Buffer.from([0]),
});

export const toEntry = ({ key, value, mod_revision, create_revision }: IKeyValue): Entry => ({
  key: key.toString(),
  value: value.toString(),
  revision: Number(mod_revision),
  created: Number(create_revision),
});

export const toChange = ({ type, kv }: IEvent): Change =>
  type === 'Delete'
    ? { type: 'delete', key: kv.key.toString(), revision: Number(kv.mod_revision) }
    : { type: 'put', entry: toEntry(kv) };

export const revisionOf = (change: Change): number => (change.type === 'put' ? change.entry.revision : change.revision);

const RESULTS = { '<': 'Less', '=': 'Equal', '>': 'Greater' } as const;

function toCompare(compare: Compare): ICompare {
  const key = Buffer.from(compare.key);
  switch (compare.type) {
    case 'exists':
      return { key, target: 'Version', result: 'Greater', version: 0 };
    case 'absent':
      return { key, target: 'Version', result: 'Equal', version: 0 };
    case 'revision':
      return { key, target: 'Mod', result: 'Equal', mod_revision: compare.is };
    case 'value':
      return { key, target: 'Value', result: RESULTS[compare.op], value: Buffer.from(compare.than) };
    default:
      return compare satisfies never;
  }
}

function toOperation(operation: Operation): IRequestOp {
  const key = Buffer.from(operation.key);
  switch (operation.type) {
    case 'put':
      return {
        request_put: { key, value: Buffer.from(operation.value), ...(operation.lease ? { lease: operation.lease } : {}) },
      };
    case 'delete':
      return { request_delete_range: { key } };
    case 'get':
      return { request_range: { key } };
    default:
      return operation satisfies never;
  }
}

export const toRequest = ({ if: compares = [], then, else: otherwise = [] }: Transaction): ITxnRequest => ({
  compare: compares.map(toCompare),
  success: then.map(toOperation),
  failure: otherwise.map(toOperation),
});

export const toTransacted = ({ succeeded, header, responses }: ITxnResponse): Transacted => ({
  succeeded,
  revision: Number(header.revision),
  // With oneofs the decoder leaves the other kinds of response out, whatever etcd3's type says.
  reads: responses.flatMap((response) => {
    const range = response.response_range as typeof response.response_range | undefined;
    if (!range) return [];
    const [found] = range.kvs;
    return [found ? toEntry(found) : undefined];
  }),
});
