import type { TickView } from '../../../src/domain/wire.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So far before and after an instant that somebody asks about: the list begins at its newer end, and a job of every second must not fill it before it gets there. */
const [BEFORE_MS, AFTER_MS] = [HOUR_MS, HOUR_MS / 6];

/** What of the timeline is shown: up to now, or around an instant (ISO). */
export type Span = 'day' | 'week' | { readonly around: string };

/** From the address: nothing is a day, `7d` a week, else an instant; what is none of them is a day. */
export const readSpan = (text: string | null): Span => {
  if (text === '7d') return 'week';
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? 'day' : { around: new Date(ms).toISOString() };
};

/** For the address; undefined for what is shown anyway. */
export const writeSpan = (span: Span): string | undefined => (span === 'day' ? undefined : span === 'week' ? '7d' : span.around);

/** `to` is left out where what is coming belongs to the answer: the master then tells the next few. */
export type Window = { readonly from: string; readonly to?: string };

const iso = (ms: number): string => new Date(ms).toISOString();

/** The instants between which ticks are asked for. */
export const windowOf = (span: Span, now: number): Window => {
  if (typeof span !== 'object') return { from: iso(now - (span === 'week' ? 7 : 1) * DAY_MS) };
  const at = Date.parse(span.around);
  const isUpToNow = at <= now && at + AFTER_MS > now;
  return { from: iso(at - BEFORE_MS), ...(isUpToNow ? {} : { to: iso(at + AFTER_MS) }) };
};

export type TicksPage = { readonly items: readonly TickView[]; readonly nextCursor?: string };
/** What is known of a span, newest first; `nextCursor` where older ones were not asked for yet. */
export type Known = TicksPage;

/** Where it stands in the list: a range where its last tick does. */
const placeOf = ({ fireTime, to }: TickView): string => to ?? fireTime;
const oldestOf = (items: readonly TickView[]): string | undefined => items.map(placeOf).at(-1);
const isSame = (a: TickView, b: TickView): boolean => a.fireTime === b.fireTime && a.runId === b.runId;

/** The newest page, read anew, over what was known: it says what is true of its own stretch, older ticks stay. Where it does not reach down to what was known, that is
 *  let go: nothing may be missing in the middle. */
export const withNewest = (known: Known | undefined, page: TicksPage): Known => {
  const oldest = oldestOf(page.items);
  if (!known || oldest === undefined || page.nextCursor === undefined) return page;
  const [newest] = known.items;
  if (!newest || placeOf(newest) < oldest) return page;
  const older = known.items.filter(
    (tick) => placeOf(tick) < oldest || (placeOf(tick) === oldest && !page.items.some((each) => isSame(each, tick))),
  );
  // With nothing older known, the page's own way on is the right one.
  return older.length === 0 ? page : { ...known, items: [...page.items, ...older] };
};

/** What was known, and the page after it. */
export const withOlder = ({ items }: Known, page: TicksPage): Known => ({
  ...page,
  items: [...items, ...page.items.filter((tick) => !items.some((each) => isSame(each, tick)))],
});

/** Somebody may ask why it did not run. */
export const didNotRun = ({ fate }: TickView): boolean => fate === 'skipped' || fate === 'missed' || fate === 'waiting';

/** Its time has come, and it waits or nobody has decided it yet. */
export const hasNotBegun = ({ fate, fireTime }: TickView, now: number): boolean =>
  fate === 'waiting' || (fate === 'coming' && Date.parse(fireTime) <= now);

/** Ticks of one kind, one after the other, are folded. Never those of which each is a story of its own. */
const kindOf = ({ fate, outcome, reason }: TickView): string | undefined => {
  if (fate === 'ran' && outcome === 'succeeded') return 'ran';
  return fate === 'skipped' ? `skipped ${reason ?? ''}` : undefined;
};

export type Row =
  | { readonly type: 'tick'; readonly tick: TickView }
  /** Ticks one after the other to which the same happened, newest first. */
  | { readonly type: 'fold'; readonly id: string; readonly ticks: readonly TickView[] };

/** Of what is coming the soonest. */
const COMING = 3;
/** So many of the newest rows stay as they are. */
const LEFT_OPEN = 3;
const LEAST_FOLDED = 4;

/** Without what comes later than the next few. */
export const withoutFar = (items: readonly TickView[]): readonly TickView[] => {
  const coming = items.filter(({ fate }) => fate === 'coming').length;
  return items.slice(Math.max(0, coming - COMING));
};

/** The rows to show: the newest few, and of what went on in the same way the rest folded, so that what went otherwise is seen at once. */
export const rowsOf = (items: readonly TickView[]): readonly Row[] => {
  const rows: Row[] = [];
  let stretch: TickView[] = [];
  let open = LEFT_OPEN;
  const close = (): void => {
    const shown = stretch.length - open < LEAST_FOLDED ? stretch : stretch.slice(0, open);
    const folded = stretch.slice(shown.length);
    rows.push(...shown.map((tick) => ({ type: 'tick' as const, tick })));
    if (folded.length > 0) rows.push({ type: 'fold', id: oldestOf(folded) ?? '', ticks: folded });
    open = Math.max(0, open - shown.length);
    stretch = [];
  };
  for (const tick of items) {
    const [first] = stretch;
    const kind = kindOf(tick);
    if (first && kindOf(first) !== kind) close();
    if (kind === undefined) rows.push({ type: 'tick', tick });
    else stretch.push(tick);
  }
  close();
  return rows;
};
