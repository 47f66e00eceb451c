/**
 * How far a clock is from the others (design.md §10). Every worker and master stamps its presence with its own clock; whoever hears a stamp notes when it came, by its own monotonic
 * clock. A clock is known by its **zero**: what it reads at the listener's monotonic instant 0. Zeros can be compared at any later time, also after the listener's own clock was set.
 * Pure. All lengths and instants in ms.
 */

/** A stamp as it was heard: what the other's clock said, and what both clocks of the listener said when it came. */
export type HeardStamp = {
  readonly id: string;
  readonly stampedAt: number;
  readonly heardAt: { readonly wall: number; readonly monotonic: number };
};

type Sample = { readonly zero: number; readonly ownZero: number; readonly heardAt: number };
/** The last few stamps of each clock, newest last. */
export type Stamps = ReadonlyMap<string, readonly Sample[]>;
export const NO_STAMPS: Stamps = new Map();

/** `unknown`: nobody else was heard yet. `within`: inside the limit. `unsure`: off, but no majority of at least three clocks says who is right. `outside`: off, and a majority agrees. */
export type ClockStanding = 'unknown' | 'within' | 'unsure' | 'outside';
export type ClockState = {
  readonly standing: ClockStanding;
  /** One's own clock against the median of all: positive where it is ahead. 0 while nobody else was heard. */
  readonly offsetMs: number;
  /** How many clocks were compared, one's own included. */
  readonly clocks: number;
};
export const UNKNOWN_CLOCK: ClockState = { standing: 'unknown', offsetMs: 0, clocks: 1 };

/** The limit where nothing else is configured (`--clock-limit`). */
export const CLOCK_LIMIT_MS = 1_000;
/** A stamp reads low by its way through the store: of so many the one that came fastest counts. */
const KEPT = 4;
/** A clock that has not been heard for so long is not compared: its presence is as good as gone. */
const STALE_MS = 30_000;
/** Who was off is right again only well inside the limit, so that nobody joins and leaves with each stamp. */
const BACK_INSIDE = 0.8;

/** Notes a stamp. */
export const hearStamp = (stamps: Stamps, { id, stampedAt, heardAt: { wall, monotonic } }: HeardStamp): Stamps => {
  const sample: Sample = { zero: stampedAt - monotonic, ownZero: wall - monotonic, heardAt: monotonic };
  return new Map(stamps).set(id, [...(stamps.get(id) ?? []), sample].slice(-KEPT));
};

/** A presence that is gone is not compared any more. */
export const forgetStamps = (stamps: Stamps, id: string): Stamps => {
  if (!stamps.has(id)) return stamps;
  const left = new Map(stamps);
  left.delete(id);
  return left;
};

/** How one's own clock stands now. `was` is how it stood before: coming back inside takes a little more than staying there. */
export const clockStateOf = (
  stamps: Stamps,
  {
    me,
    wall,
    monotonic,
    limitMs,
    was,
  }: {
    readonly me: string;
    readonly wall: number;
    readonly monotonic: number;
    readonly limitMs: number;
    readonly was: ClockStanding;
  },
): ClockState => {
  const own = wall - monotonic - ownLagOf(stamps.get(me) ?? []);
  const others = [...stamps.entries()].flatMap(([id, samples]) =>
    id !== me && monotonic - (samples.at(-1)?.heardAt ?? 0) <= STALE_MS ? [Math.max(...samples.map(({ zero }) => zero))] : [],
  );
  if (others.length === 0) return UNKNOWN_CLOCK;
  const zeros = [own, ...others];
  const middle = medianOf(zeros);
  const offsetMs = Math.round(own - middle);
  const clocks = zeros.length;
  const isOff = Math.abs(offsetMs) > limitMs * (was === 'outside' || was === 'unsure' ? BACK_INSIDE : 1);
  if (!isOff) return { standing: 'within', offsetMs, clocks };
  const agreeing = zeros.filter((zero) => Math.abs(zero - middle) <= limitMs).length;
  return { standing: clocks >= 3 && agreeing > clocks / 2 ? 'outside' : 'unsure', offsetMs, clocks };
};

/** How long one's own stamps are on their way: the others' take as long, so that it must not count as an offset. */
const ownLagOf = (samples: readonly Sample[]): number =>
  samples.length === 0 ? 0 : Math.min(...samples.map(({ zero, ownZero }) => Math.max(0, ownZero - zero)));

const medianOf = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
};

/** A clock's offset in words for a log or an operator: "1.5 s ahead of the others". */
export const offsetInWords = (offsetMs: number): string =>
  `${(Math.abs(offsetMs) / 1_000).toFixed(1)} s ${offsetMs < 0 ? 'behind' : 'ahead of'} the others`;
