import { expect, test } from 'vitest';
import { bytesText, lengthText, parseBytes, parseLength } from '../../../web/src/editor/length.ts';

test.each([
  ['90s', 90_000],
  ['90 s', 90_000],
  ['5 min', 300_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1h 30min', 5_400_000],
  ['1.5 h', 5_400_000],
  ['1,5 h', 5_400_000],
  ['2 days', 172_800_000],
  ['250 ms', 250],
  ['1500', 1_500],
  ['0', 0],
  [' 10 S ', 10_000],
  ['1 小时 30 分', 5_400_000],
  ['1小时30分钟5秒', 5_405_000],
  ['3 天', 259_200_000],
])('the length %j is %i ms', (text, ms) => {
  expect(parseLength(text)).toBe(ms);
});

test.each(['', ' ', 'soon', '5 parsecs', '-5s', '5 min ago', '1:30', 'h', '5 5 s', '1e3', 'never'])('%j is no length', (text) => {
  expect(parseLength(text)).toBeUndefined();
});

test.each([
  [0, '0 s'],
  [250, '250 ms'],
  [1_500, '1 s 500 ms'],
  [90_000, '1 min 30 s'],
  [300_000, '5 min'],
  [5_400_000, '1 h 30 min'],
  [8_640_000_000, '100 d'],
  [90_061_001, '1 d 1 h 1 min 1 s 1 ms'],
])('%i ms is shown as %j, and read back as the same', (ms, text) => {
  expect(lengthText(ms)).toBe(text);
  expect(parseLength(text)).toBe(ms);
});

test.each([
  ['10 MB', 10_000_000],
  ['64k', 64_000],
  ['1.5 GB', 1_500_000_000],
  ['1 MiB', 1_048_576],
  ['2000000', 2_000_000],
  ['512 b', 512],
])('the size %j is %i bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', 'MB', '10 TBB', '-1', '1 2', '10 MBs'])('%j is no size', (text) => {
  expect(parseBytes(text)).toBeUndefined();
});

test.each([
  [10_000_000, '10 MB'],
  [1_500_000, '1.5 MB'],
  [64_000, '64 kB'],
  [1_048_576, '1048576 B'],
  [1_000_000_001, '1000000001 B'],
  [1_024, '1024 B'],
  [12, '12 B'],
])('%i bytes are shown as %j, and read back as the same', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
  expect(parseBytes(text)).toBe(bytes);
});
