// The test servers themselves: every other contract test trusts them.
import { MongoClient } from 'mongodb';
import { describe, expect, inject, test } from 'vitest';
import { onEveryEtcd, onEveryMongo } from '../support/needs.ts';
import { startEtcd, startMongo, uniqueName } from '../support/servers.ts';

const encode = (text: string): string => Buffer.from(text).toString('base64');
async function ask(url: string, path: string, body: object): Promise<unknown> {
  const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return answer.json();
}

onEveryEtcd('a shared etcd', (etcd) => {
  test('stores a key', async () => {
    const key = encode(uniqueName('/cron-test'));
    await ask(etcd.url, 'kv/put', { key, value: encode('x') });
    expect(await ask(etcd.url, 'kv/range', { key })).toMatchObject({ kvs: [{ key, value: encode('x') }] });
  });
});

onEveryMongo('a shared MongoDB', (mongo) => {
  test('stores a document', async () => {
    await using client = await MongoClient.connect(mongo.url);
    const log = client.db(uniqueName('cron')).collection<{ _id: string }>('log');
    await log.insertOne({ _id: 'x' });
    expect(await log.findOne({ _id: 'x' })).toEqual({ _id: 'x' });
  });
});

describe.each(inject('etcdBinaries'))('an own $name', ({ binary }) => {
  test('keeps its keys over a kill -9, on the same port', async () => {
    await using etcd = await startEtcd({ binary });
    await ask(etcd.url, 'kv/put', { key: encode('a'), value: encode('1') });
    const before = etcd.pid();
    await etcd.kill9();
    await expect(fetch(`${etcd.url}/health`)).rejects.toThrow();
    await etcd.restart();
    expect(etcd.pid()).not.toBe(before);
    expect(await ask(etcd.url, 'kv/range', { key: encode('a') })).toMatchObject({ kvs: [{ value: encode('1') }] });
  });

  test('is compacted on demand', async () => {
    await using etcd = await startEtcd({ binary });
    for (const value of ['1', '2', '3']) await ask(etcd.url, 'kv/put', { key: encode('a'), value: encode(value) });
    const revision = await etcd.revision();
    await etcd.compact();
    expect(await ask(etcd.url, 'kv/range', { key: encode('a'), revision: revision - 1 })).toMatchObject({
      message: expect.stringContaining('compacted') as string,
    });
  });
});

describe.each(inject('mongoBinaries'))('an own $name', ({ binary }) => {
  test('keeps its documents over a kill -9, on the same port', async () => {
    await using mongo = await startMongo({ binary });
    await using client = await MongoClient.connect(mongo.url);
    const log = client.db('cron').collection<{ _id: string }>('log');
    await log.insertOne({ _id: 'x' });
    await mongo.kill9();
    await mongo.restart();
    expect(await log.findOne({ _id: 'x' })).toEqual({ _id: 'x' });
  });
});
