import { expect, test } from 'vitest';
import { addressOf } from '../../../src/stores/mongo/connection.ts';
import { openMongoRunLog } from '../../../src/stores/mongo/run-log.ts';

test.each([
  ['mongodb://127.0.0.1:27017/', '127.0.0.1:27017'],
  ['mongodb://a:1,b:2/cron?replicaSet=r', 'a:1,b:2'],
  ['mongodb+srv://ann:secret@db.example.org/cron', 'db.example.org'],
  ['mongodb://ann:p%40ss%2Fword@h:1/', 'h:1'],
  ['mongodb://ann:un@escaped/p@h:1/x', 'h:1'],
  ['nonsense', 'an unreadable address'],
])('%s is told as %s', (url, address) => {
  expect(addressOf(url).address).toBe(address);
});

test('user and password are taken out of what is told, as they are written and as they are meant', () => {
  const { clean } = addressOf('mongodb://ann:p%40ss@h:1/');
  expect(clean('cannot use mongodb://ann:p%40ss@h:1/ with p%40ss, that is p@ss')).toBe('cannot use h:1 with …, that is …');
});

test.each([
  'mongodb://ann:top secret@h:1:2/',
  'http://ann:topsecret@h/',
  'mongodb://an@n:topsecret@h/',
  'mongodb://ann:topsecret@h/?w=x&foo=1',
])('a URL that cannot be used is one clear error without the password: %s', (url) => {
  let told: unknown;
  try {
    openMongoRunLog({ url });
  } catch (error) {
    told = error;
  }
  expect(String(told)).toContain('The URL of the log database cannot be used: ');
  expect(`${String(told)} ${String((told as Error).cause)}`).not.toMatch(/top ?secret/);
});
