import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createHeap } from '../../src/streams/heap.ts';

// Pure: a table in place of marbles.
test('the first is always the least, through any sets, moves and removals', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 30 }), at: fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const heap = createHeap<number>();
      const plain = new Map<number, number>();
      for (const { key, at } of steps) {
        if (at === undefined) {
          heap.remove(key);
          plain.delete(key);
        } else {
          heap.set(key, at);
          plain.set(key, at);
        }
        expect(heap.size()).toBe(plain.size);
        expect(heap.first()?.at).toBe(plain.size === 0 ? undefined : Math.min(...plain.values()));
      }
      const drained: number[] = [];
      for (let first = heap.first(); first; first = heap.first()) {
        drained.push(first.at);
        heap.remove(first.key);
      }
      expect(drained).toStrictEqual([...plain.values()].toSorted((a, b) => a - b));
    }),
    { numRuns: 60 },
  );
});

test('a hundred thousand keys', () => {
  const heap = createHeap<string>();
  for (let index = 0; index < 100_000; index += 1) heap.set(`k${String(index)}`, (index * 7_919) % 100_003);
  expect(heap.size()).toBe(100_000);
  expect(heap.first()?.at).toBe(0);
});
