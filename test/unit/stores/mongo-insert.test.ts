import { BSON, MongoBulkWriteError, MongoInvalidArgumentError, MongoNetworkError, type Collection } from 'mongodb';
import { expect, test } from 'vitest';
import { insertEach } from '../../../src/stores/mongo/insert.ts';

type Row = { readonly _id: string };
const rows: readonly Row[] = ['a', 'b', 'c'].map((_id) => ({ _id }));

type Failure = { readonly index: number; readonly code: number };

/** The driver's bulk error as it makes it. */
const bulkError = (insertedCount: number, failures: readonly Failure[], concern?: { code: number; errmsg: string }) => {
  const result = { insertedCount, getWriteConcernError: () => concern };
  const writeErrors = failures.map(({ index, code }) => ({ index, code, errmsg: `code ${code}` }));
  return new MongoBulkWriteError(
    { message: 'bulk', code: failures[0]?.code ?? 0, writeErrors: writeErrors as never },
    result as never,
  );
};

/** As the driver wraps a link that broke in mid-batch: a bulk error without a write error. */
const brokenLink = (insertedCount: number) =>
  new MongoBulkWriteError(
    new MongoNetworkError('connection closed') as never,
    { insertedCount, getWriteConcernError: () => undefined } as never,
  );

const answering = (answer: (sent: readonly Row[]) => Error | number) => {
  const calls: (readonly string[])[] = [];
  const insertMany = async (sent: readonly Row[]) => {
    calls.push(sent.map(({ _id }) => _id));
    const result = answer(sent);
    if (result instanceof Error) throw result;
    return { insertedCount: result };
  };
  return { calls, collection: { insertMany } as unknown as Collection<Row> };
};

test('all inserted: nothing is there before, nothing refused', async () => {
  const { collection } = answering((sent) => sent.length);
  expect(await insertEach(collection, rows)).toStrictEqual({ there: [], refused: [] });
});

test('duplicates are there, what the server never takes is refused, the rest counts as inserted', async () => {
  const { collection } = answering(() =>
    bulkError(1, [
      { index: 0, code: 11_000 },
      { index: 2, code: 121 },
    ]),
  );
  expect(await insertEach(collection, rows)).toStrictEqual({
    there: [{ _id: 'a' }],
    refused: [{ row: { _id: 'c' }, reason: 'code 121' }],
  });
});

test.each([
  ['a link that broke before anything was inserted', brokenLink(0)],
  ['a link that broke in mid-batch', brokenLink(2)],
  ['a link that broke after everything was inserted', brokenLink(3)],
  ['a network error of its own', new MongoNetworkError('closed')],
  ['fewer accounts than documents', bulkError(1, [{ index: 0, code: 11_000 }])],
  [
    'one document blamed twice',
    bulkError(1, [
      { index: 0, code: 11_000 },
      { index: 0, code: 11_000 },
    ]),
  ],
  ['a document blamed that was not sent', bulkError(2, [{ index: 9, code: 11_000 }])],
  [
    'a write concern that was not met',
    bulkError(2, [{ index: 0, code: 11_000 }], { code: 64, errmsg: 'waiting for replication timed out' }),
  ],
  ['a primary that steps down in mid-batch', bulkError(2, [{ index: 2, code: 189 }])],
  ['a disk that is full', bulkError(2, [{ index: 2, code: 14_031 }])],
  [
    'a user who may not',
    bulkError(
      0,
      [0, 1, 2].map((index) => ({ index, code: 13 })),
    ),
  ],
])('never taken for an answer, so that the caller repeats the batch: %s', async (_what, error) => {
  const { collection } = answering(() => error);
  await expect(insertEach(collection, rows)).rejects.toBe(error);
});

test('fewer acknowledged than sent is an error', async () => {
  const { collection } = answering(() => 2);
  await expect(insertEach(collection, rows)).rejects.toThrow('2 of 3 documents were acknowledged');
});

test.each([
  ['larger than the server takes', new MongoInvalidArgumentError('Document is larger than the maximum size 1000')],
  ['larger than the buffer', new RangeError('offset is out of bounds')],
  ['not to be encoded', new BSON.BSONError('Cannot convert circular structure to BSON')],
])('a document that spoils the whole batch is found, and the others are inserted: %s', async (_what, error) => {
  const { collection, calls } = answering((sent) => (sent.some(({ _id }) => _id === 'b') ? error : sent.length));
  expect(await insertEach(collection, rows)).toStrictEqual({
    there: [],
    refused: [{ row: { _id: 'b' }, reason: error.message }],
  });
  expect(calls).toStrictEqual([['a', 'b', 'c'], ['a', 'b'], ['a'], ['b'], ['c']]);
});
