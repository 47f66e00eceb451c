import { Link } from 'wouter';
import type { StatsView } from '../../../src/domain/wire.ts';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { RUN_OUTCOMES } from '../../src/lists/runs-search.ts';
import { outcomeTexts, texts } from '../../src/texts.ts';
import classes from './hour-bars.module.css';

const [HEIGHT, STEP] = [100, 10];
const HOUR_MS = 3_600_000;
/** Above this many bars a bar is too thin to be pressed: they are summed up. */
const MOST_BARS = 48;

type Bar = {
  readonly at: string;
  readonly to: string;
  readonly runs: number;
  readonly failing: number;
  readonly outcomes: Readonly<Record<string, number>>;
};

/** Hours side by side are one bar where there would be too many. */
const barsOf = (hours: StatsView['hours']): readonly Bar[] => {
  const each = Math.max(1, Math.ceil(hours.length / MOST_BARS));
  return Array.from({ length: Math.ceil(hours.length / each) }, (_, index) => {
    const some = hours.slice(index * each, (index + 1) * each);
    const outcomes: Record<string, number> = {};
    for (const hour of some)
      for (const [name, count] of Object.entries(hour.outcomes)) outcomes[name] = (outcomes[name] ?? 0) + count;
    const at = some[0]?.at ?? '';
    return {
      at,
      to: new Date(Date.parse(some.at(-1)?.at ?? at) + HOUR_MS - 1).toISOString(),
      runs: some.reduce((sum, { runs }) => sum + runs, 0),
      failing: some.reduce((sum, { failing }) => sum + failing, 0),
      outcomes,
    };
  });
};

/** Outcomes over time, one stack an hour; each leads to its runs. The legend says in words and signs what the colours are. */
export const HourBars = ({ stats }: { readonly stats: StatsView }) => {
  const now = useNow();
  const bars = barsOf(stats.hours);
  const most = Math.max(1, ...bars.map(({ runs }) => runs));
  const told = ({ at, runs, failing }: Bar): string =>
    texts.hourTold(format.instant(at, now), format.number(runs), format.number(failing));
  return (
    <div role="group" aria-label={texts.outcomesBars(format.number(stats.total.runs), format.number(stats.total.failing))}>
      <div className={classes['bars']}>
        {bars.map((bar) => (
          <Link
            key={bar.at}
            href={`/runs?from=${bar.at}&to=${bar.to}`}
            className={classes['bar'] ?? ''}
            aria-label={told(bar)}
            title={told(bar)}
            data-hour={bar.at}
            data-runs={bar.runs}
          >
            <svg viewBox={`0 0 ${String(STEP)} ${String(HEIGHT)}`} preserveAspectRatio="none" aria-hidden="true">
              {stacked(bar, most).map(({ outcome, y, height }) => (
                <rect key={outcome} x="0" width={STEP} y={y} height={height} fill={fillOf(outcome)} />
              ))}
            </svg>
          </Link>
        ))}
      </div>
      <div className={classes['ends']}>
        <span>{bars[0] && format.instant(bars[0].at, now)}</span>
        <span>{texts.now}</span>
      </div>
      <ul className={classes['legend']}>
        {RUN_OUTCOMES.filter((each) => (stats.total.outcomes[each] ?? 0) > 0).map((each) => (
          <li key={each} data-sum={each}>
            <i style={{ background: fillOf(each) }} />
            <span aria-hidden="true">{outcomeTexts[each][0]}</span> {outcomeTexts[each][1]}{' '}
            <b className="figures">{format.number(stats.total.outcomes[each] ?? 0)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
};

const fillOf = (outcome: string): string => {
  const color = outcome in outcomeTexts ? outcomeTexts[outcome as keyof typeof outcomeTexts][2] : 'gray';
  return `var(--mantine-color-${color}-${outcome === 'lost' ? '9' : '6'})`;
};

/** What went wrong stands at the foot, where all bars begin: it is compared most easily there. */
const stacked = ({ outcomes }: Bar, most: number) => {
  let y = HEIGHT;
  return [...RUN_OUTCOMES].reverse().flatMap((outcome) => {
    const height = ((outcomes[outcome] ?? 0) / most) * HEIGHT;
    y -= height;
    return height === 0 ? [] : [{ outcome, y, height }];
  });
};
