import { expect, test } from 'vitest';
import { cutOf } from '../../../src/worker/output-cuts.ts';

const kB = 1024;

test.each([
  ['nothing was printed', { size: 0, cutTo: 0, limitBytes: 100, isEnd: false }, [], 0],
  ['what was printed since', { size: 30, cutTo: 10, limitBytes: 100, isEnd: false }, [{ offset: 10, length: 20 }], 30],
  [
    'while it runs only the head, half of the limit',
    { size: 80, cutTo: 0, limitBytes: 100, isEnd: false },
    [{ offset: 0, length: 50 }],
    50,
  ],
  ['behind the head nothing while it runs', { size: 90, cutTo: 50, limitBytes: 100, isEnd: false }, [], 50],
  [
    'at the end all of it, where it is within the limit',
    { size: 100, cutTo: 50, limitBytes: 100, isEnd: true },
    [{ offset: 50, length: 50 }],
    100,
  ],
  [
    'above the limit the tail, and how much lies between',
    { size: 1_000, cutTo: 50, limitBytes: 100, isEnd: true },
    [{ offset: 950, length: 50, droppedBytes: 900 }],
    1_000,
  ],
  [
    'head and tail of what was never looked at',
    { size: 101, cutTo: 0, limitBytes: 100, isEnd: true },
    [
      { offset: 0, length: 50 },
      { offset: 51, length: 50, droppedBytes: 1 },
    ],
    101,
  ],
  ['a second end adds nothing', { size: 1_000, cutTo: 1_000, limitBytes: 100, isEnd: true }, [], 1_000],
  [
    'a tail of which a crash left the beginning goes on there',
    { size: 1_000, cutTo: 960, limitBytes: 100, isEnd: true },
    [{ offset: 960, length: 40 }],
    1_000,
  ],
  ['a file that was shortened by somebody', { size: 10, cutTo: 50, limitBytes: 100, isEnd: true }, [], 50],
  [
    'pieces of 64 kB',
    { size: 130 * kB, cutTo: 0, limitBytes: 1_000 * kB, isEnd: false },
    [
      { offset: 0, length: 64 * kB },
      { offset: 64 * kB, length: 64 * kB },
      { offset: 128 * kB, length: 2 * kB },
    ],
    130 * kB,
  ],
] as const)('%s', (_what, given, spans, end) => {
  expect(cutOf(given)).toStrictEqual({ spans, end });
});
