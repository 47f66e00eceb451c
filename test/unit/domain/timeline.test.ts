import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Run } from '../../../src/domain/run.ts';
import type { CompiledSchedule } from '../../../src/domain/schedule/compile.ts';
import {
  comingTicks,
  comparePlaces,
  eventBound,
  isBelow,
  newerOf,
  nthAfter,
  pageOf,
  placeOfId,
  sourceOf,
  tickOfCursor,
  tickOfEvent,
  tickOfRun,
  topOf,
  type Place,
  type Placed,
  type Source,
} from '../../../src/domain/timeline.ts';

const at = (second: number): string => new Date(second * 1_000).toISOString();
const FIRST = at(0);

/** Every `step` seconds, for ever. */
const every = (step: number): CompiledSchedule => {
  const ms = step * 1_000;
  const fire = (fireTime: number) => ({ fireTime, nominalAt: fireTime });
  return {
    next: (after) => fire((Math.floor(after / ms) + 1) * ms),
    prev: (before) => fire((Math.ceil(before / ms) - 1) * ms),
  };
};

const aRun = (more: Partial<Run> = {}): Run => ({
  id: 'r1',
  job: 'a',
  trigger: 'schedule',
  fireTime: at(10),
  attempt: 1,
  state: 'finished',
  ...more,
});

test.each([
  ['it waits', aRun({ state: 'queued' }), 'waiting'],
  ['a further attempt of it waits', aRun({ state: 'queued', attempt: 2 }), 'ran'],
  ['it runs', aRun({ state: 'running', claimedAt: at(11) }), 'ran'],
  ['it has run', aRun({ claimedAt: at(11), outcome: 'failed' }), 'ran'],
  ['it was killed while it ran', aRun({ claimedAt: at(11), outcome: 'killed' }), 'ran'],
  ['it was killed while it waited', aRun({ outcome: 'killed', reason: 'person' }), 'skipped'],
  ['it waited too long', aRun({ outcome: 'skipped', reason: 'expired' }), 'skipped'],
  ['its second attempt waited too long', aRun({ outcome: 'skipped', reason: 'expired', attempt: 2 }), 'ran'],
  ['its host was lost', aRun({ outcome: 'lost', reason: 'workerGone' }), 'ran'],
  ['it was caught up', aRun({ trigger: 'catchUp', claimedAt: at(99) }), 'ran'],
  ['a person asked for it', aRun({ trigger: 'manual' }), undefined],
  ['a person filled it in', aRun({ trigger: 'backfill' }), undefined],
] as const)('the fate of a tick whose run: %s', (_, run, fate) => {
  expect(tickOfRun(run)?.tick.fate).toBe(fate);
});

test('an early claim was not late', () => {
  expect(tickOfRun(aRun({ claimedAt: at(9), latenessMs: -300 }))?.tick.latenessMs).toBe(0);
});

test('a skipped tick stands at its fire time, a missed range at its last one', () => {
  const of = { v: 1, job: 'a', at: at(20), reason: 'late' } as const;
  expect(tickOfEvent({ ...of, type: 'tickSkipped', fireTime: at(18), by: 'ann' })).toStrictEqual({
    place: { at: at(18), id: `tick/a/${at(18)}` },
    tick: { fireTime: at(18), fate: 'skipped', reason: 'late', latenessMs: 2_000, by: 'ann' },
  });
  expect(tickOfEvent({ ...of, type: 'ticksMissed', from: at(1), to: at(18), count: 18, worker: 'w' })).toStrictEqual({
    place: { at: at(18), id: `tick/a/${at(18)}` },
    tick: { fireTime: at(1), fate: 'missed', reason: 'late', to: at(18), count: 18, worker: 'w' },
  });
});

test.each([
  [
    { fate: 'ran', runId: 'r', worker: 'w' },
    { place: 'r', tick: { fate: 'ran', runId: 'r', worker: 'w' } },
  ],
  [
    { fate: 'skipped', reason: 'overlap' },
    { place: `tick/a/${at(5)}`, tick: { fate: 'skipped', reason: 'overlap' } },
  ],
  [{ reason: 'marked' }, undefined],
] as const)('a cursor of %j tells of the last tick', (decision, told) => {
  const placed = tickOfCursor('a', { at: at(5), decision: { v: 1, hash: 'h', ...decision } });
  expect(placed).toStrictEqual(
    told && { place: { at: at(5), id: told.place }, tick: { fireTime: at(5), ...told.tick }, isHint: true },
  );
});

test('ticks that come, down to the first that nobody has decided; the due ones say how late they are', () => {
  const coming = (before: Place, decidedAt: number, limit = 100) =>
    comingTicks(every(10), { before, decidedAt: decidedAt * 1_000, now: 35_500, limit }).map(({ tick }) => tick);
  expect(coming(topOf(at(50)), 10)).toStrictEqual([
    { fireTime: at(50), fate: 'coming' },
    { fireTime: at(40), fate: 'coming' },
    { fireTime: at(30), fate: 'coming', latenessMs: 5_500 },
    { fireTime: at(20), fate: 'coming', latenessMs: 15_500 },
  ]);
  expect(coming(topOf(at(50)), 10, 1)).toMatchObject([{ fireTime: at(50) }]);
  expect(coming({ at: at(50), id: '' }, 10, 1)).toMatchObject([{ fireTime: at(40) }]); // it was the last of the page before
  expect(coming({ at: at(50), id: 'r' }, 10, 1)).toMatchObject([{ fireTime: at(50) }]); // a run at this instant was
  expect(coming(topOf(at(10)), 10)).toStrictEqual([]);
});

test('a window without end costs no more than the limit', () => {
  let steps = 0;
  const { prev } = every(1);
  const counted: CompiledSchedule = {
    next: () => undefined,
    prev: (before) => {
      steps += 1;
      return prev(before);
    },
  };
  comingTicks(counted, { before: topOf('2099-01-01T00:00:00.000Z'), decidedAt: 0, now: 0, limit: 51 });
  expect(steps).toBe(51);
});

test('the n-th tick after an instant, or the last there is', () => {
  expect(nthAfter(every(10), 5_000, 3)).toBe(30_000);
  const twice: CompiledSchedule = {
    next: (after) => (after < 20_000 ? every(10).next(after) : undefined),
    prev: () => undefined,
  };
  expect(nthAfter(twice, 0, 10)).toBe(20_000);
  expect(nthAfter(twice, 30_000, 10)).toBeUndefined();
});

test('of two pictures of a run that of the later attempt counts, else the one that is told later', () => {
  const [first, second] = [aRun(), aRun({ attempt: 2, state: 'queued' })];
  expect(newerOf(undefined, first)).toBe(first);
  expect(newerOf(second, first)).toBe(second);
  expect(newerOf(first, second)).toBe(second);
  const again = aRun({ state: 'running' });
  expect(newerOf(first, again)).toBe(again);
});

const ids = fc.constantFrom('', '01', '0f', 'ff', 'tick/a/', 'zz');
const place: fc.Arbitrary<Place> = fc
  .record({ at: fc.integer({ min: 0, max: 5 }).map(at), id: ids })
  .map(({ at: instant, id }) => ({
    at: instant,
    id: id === 'tick/a/' ? `${id}${instant}` : id,
  }));

test('the ids of events below a place are those that sort below its bound', () => {
  fc.assert(
    fc.property(place, fc.integer({ min: 0, max: 5 }), fc.constantFrom('', '/w1'), (below, second, worker) => {
      const id = `tick/a/${at(second)}${worker}`;
      expect(id < eventBound('tick/a/', below)).toBe(isBelow(placeOfId(id, 'tick/a/'), below));
    }),
  );
});

test('the order of places is one order', () => {
  fc.assert(
    fc.property(fc.array(place, { maxLength: 8 }), (places) => {
      const sorted = places.toSorted(comparePlaces);
      for (const [index, each] of sorted.entries())
        for (const later of sorted.slice(index + 1)) expect(comparePlaces(each, later)).toBeLessThanOrEqual(0);
    }),
  );
});

/** What really happened, spread over places that know parts of it, some of it twice. */
const history = fc.uniqueArray(
  fc.record({
    second: fc.integer({ min: 0, max: 40 }),
    id: fc.constantFrom('01', '02', 'tick'),
    sources: fc.uniqueArray(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 3 }),
  }),
  { selector: ({ second, id }) => `${String(second)} ${id}`, maxLength: 40 },
);

const placedOf = ({ second, id }: { readonly second: number; readonly id: string }): Placed => ({
  place: { at: at(second), id: id === 'tick' ? `tick/a/${at(second)}` : id },
  tick: { fireTime: at(second), fate: 'ran', runId: `${String(second)} ${id}` },
});

test('pages of any size, taken one after the other, are the whole list: each once, newest first, whichever places know of it', () => {
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 10 }), (facts, limit, from) => {
      /** A place that answers at most one more than the limit, as a store does. */
      const source = (n: 0 | 1 | 2, before: Place): Source => {
        const known = facts.filter(({ sources }) => sources.includes(n)).map(placedOf);
        const below = known.filter((each) => isBelow(each.place, before)).sort((a, b) => comparePlaces(a.place, b.place));
        return sourceOf(below.slice(0, limit + 1), limit);
      };
      const found: string[] = [];
      let before = topOf(at(60));
      for (let pages = 0; ; pages += 1) {
        expect(pages).toBeLessThan(150);
        const { items, next } = pageOf(
          ([0, 1, 2] as const).map((n) => source(n, before)),
          { before, from: at(from), limit },
        );
        expect(items.length).toBeLessThanOrEqual(limit);
        found.push(...items.map(({ runId }) => runId ?? ''));
        if (!next) break;
        expect(isBelow(next, before)).toBe(true);
        before = next;
      }
      const whole = facts
        .filter(({ second }) => second >= from)
        .map(placedOf)
        .sort((a, b) => comparePlaces(a.place, b.place))
        .map(({ tick }) => tick.runId);
      expect(found).toStrictEqual(whole);
    }),
    { numRuns: 300 },
  );
});

test('while ticks come due and are decided between the pages, every tick of the window is told once', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 60, maxLength: 60 }),
      fc.array(fc.constantFrom('ran', 'skipped'), { minLength: 60, maxLength: 60 }),
      (limit, moves, fates) => {
        let decided = 10;
        const found: string[] = [];
        let before = topOf(at(30));
        for (let page = 0; page < 60; page += 1) {
          const past = Array.from({ length: decided + 1 }, (_, second) => second)
            .map((second): Placed => {
              const fate = fates[second] ?? 'ran';
              return {
                place: { at: at(second), id: fate === 'ran' ? `r${String(second)}` : `tick/a/${at(second)}` },
                tick: { fireTime: at(second), fate },
              };
            })
            .filter((each) => isBelow(each.place, before))
            .sort((a, b) => comparePlaces(a.place, b.place));
          const coming = comingTicks(every(1), { before, decidedAt: decided * 1_000, now: 12_000, limit: limit + 1 });
          const { items, next } = pageOf([sourceOf(coming, limit), sourceOf(past.slice(0, limit + 1), limit)], {
            before,
            from: FIRST,
            limit,
          });
          found.push(...items.map(({ fireTime }) => fireTime));
          if (!next) break;
          before = next;
          decided = Math.min(30, decided + (moves[page] ?? 0));
        }
        expect(found).toStrictEqual(Array.from({ length: 31 }, (_, n) => at(30 - n)));
      },
    ),
    { numRuns: 200 },
  );
});

test('a tick of which anybody knows more is not coming, and what the later source tells of one id counts', () => {
  const coming = comingTicks(every(10), { before: topOf(at(20)), decidedAt: 0, now: 0, limit: 9 });
  const told = (id: string, fate: 'ran' | 'waiting', worker: string): Source => ({
    ticks: [{ place: { at: at(20), id }, tick: { fireTime: at(20), fate, worker } }],
  });
  const { items } = pageOf([sourceOf(coming, 9), told('r1', 'waiting', 'w1'), told('r1', 'ran', 'w2')], {
    before: topOf(at(20)),
    from: FIRST,
    limit: 9,
  });
  expect(items).toMatchObject([
    { fireTime: at(20), fate: 'ran', worker: 'w2' },
    { fireTime: at(10), fate: 'coming' },
  ]);
  expect(items).toHaveLength(2);
});

test('a page of which nothing could be read goes on where the source ended', () => {
  const end = { at: at(5), id: `tick/a/${at(5)}` };
  expect(pageOf([{ ticks: [], end }], { before: topOf(at(9)), from: FIRST, limit: 2 })).toStrictEqual({ items: [], next: end });
  expect(pageOf([{ ticks: [], end }], { before: topOf(at(9)), from: at(6), limit: 2 })).toStrictEqual({ items: [] });
});
