import { Text, VisuallyHidden } from '@mantine/core';
import { useRef, useState, type CSSProperties, type KeyboardEvent } from 'react';
import { Link } from 'wouter';
import type { RunView } from '../../../src/domain/wire.ts';
import { heightOf, lengthOf, medianOf, scaleOf } from '../../src/job/bars.ts';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { outcomeTexts, texts } from '../../src/texts.ts';
import { useHeld } from '../../src/lists/use-held.ts';
import classes from './bars.module.css';
import { Outcome } from '../outcome.tsx';
import { whyOf } from '../runs/run-row.tsx';
import { At, Distance } from '../time.tsx';

/** More than these no screen shows well. */
const MOST = 60;

const idOf = ({ id }: RunView): string => id;
const stateOf = ({ state, outcome }: RunView): string => (state === 'finished' ? (outcome ?? state) : state);
const lookOf = (run: RunView): readonly [sign: string, word: string, color: string] => {
  const state = stateOf(run);
  return state in outcomeTexts ? outcomeTexts[state as keyof typeof outcomeTexts] : ['•', state, 'gray'];
};
const isNumber = (ms: number | undefined): ms is number => ms !== undefined;

type BarsProps = { readonly runs: readonly RunView[]; readonly zone: string | undefined };

/** The last runs, oldest first: how long each took and what became of it. One stop for the Tab key; the arrows go from bar to bar. */
export const Bars = ({ runs, zone }: BarsProps) => {
  const now = useNow();
  const { shown: held, hold } = useHeld(runs.slice(0, MOST), idOf);
  const bars = held.toReversed();
  const [looked, setLooked] = useState<string>();
  const list = useRef<HTMLOListElement>(null);
  const lengths = bars.map((run) => lengthOf(run, now)).filter(isNumber);
  const top = scaleOf(lengths);
  const stop = bars.some(({ id }) => id === looked) ? looked : bars.at(-1)?.id;
  const onKeyDown = (event: KeyboardEvent): void => {
    const links = [...(list.current?.querySelectorAll('a') ?? [])].filter((link) => link.offsetParent !== null);
    const at = links.findIndex((link) => link === document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || at === -1) return;
    event.preventDefault();
    links[to]?.focus();
  };
  return (
    <div>
      <div className={classes['chart']}>
        <div className={classes['scale']} aria-hidden="true">
          <span>{format.length(top)}</span>
          <span>{format.length(top / 2)}</span>
          <span>0</span>
        </div>
        <ol className={classes['bars']} aria-label={texts.lastRuns} ref={list} onKeyDown={onKeyDown} {...hold}>
          {bars.map((run) => (
            <Bar
              key={run.id}
              run={run}
              ms={lengthOf(run, now)}
              top={top}
              isStop={run.id === stop}
              onLook={(isThere) => setLooked(isThere ? run.id : undefined)}
            />
          ))}
        </ol>
      </div>
      <div className={classes['caption']}>
        <Caption run={bars.find(({ id }) => id === looked)} bars={bars} now={now} zone={zone} />
      </div>
    </div>
  );
};

type BarProps = {
  readonly run: RunView;
  readonly ms: number | undefined;
  readonly top: number;
  readonly isStop: boolean;
  readonly onLook: (isThere: boolean) => void;
};

const Bar = ({ run, ms, top, isStop, onLook }: BarProps) => {
  const [sign, word, color] = lookOf(run);
  const { share, isCut } = heightOf(ms ?? 0, top);
  const tone = {
    '--bar': `var(--mantine-color-${color}-7)`,
    '--ink': `var(--mantine-color-${color}-light-color)`,
  } as CSSProperties;
  return (
    <li className={classes['item']} style={tone}>
      <Link
        href={`/runs/${run.id}`}
        className={classes['link'] ?? ''}
        tabIndex={isStop ? 0 : -1}
        onFocus={() => onLook(true)}
        onBlur={() => onLook(false)}
        onPointerEnter={() => onLook(true)}
        onPointerLeave={() => onLook(false)}
      >
        <span className={`${classes['well'] ?? ''} ${isCut ? (classes['cut'] ?? '') : ''}`} aria-hidden="true">
          <span className={classes['bar']} data-bar={stateOf(run)} style={{ height: `${String(share * 100)}%` }} />
        </span>
        <span className={classes['sign']} aria-hidden="true">
          {stateOf(run) === 'succeeded' ? '' : sign}
        </span>
        <VisuallyHidden>
          {[word, ms !== undefined && format.length(ms), format.exact(run.fireTime)]
            .filter((part) => typeof part === 'string')
            .join(', ')}
        </VisuallyHidden>
      </Link>
    </li>
  );
};

type CaptionProps = {
  readonly run: RunView | undefined;
  readonly bars: readonly RunView[];
  readonly now: number;
  readonly zone: string | undefined;
};

/** Of the bar that is looked at: what, how long, when. Of none: all of them in one sentence. */
const Caption = ({ run, bars, now, zone }: CaptionProps) => {
  if (!run) {
    const ended = bars.filter(({ outcome }) => outcome !== undefined);
    const usual = medianOf(ended.map(({ durationMs }) => durationMs).filter(isNumber));
    const good = ended.filter(({ outcome }) => outcome === 'succeeded').length;
    return (
      <Text size="sm" c="dimmed" component="span">
        {ended.length === 0 ? texts.noneEnded : texts.ofTheLast(format.number(good), format.number(ended.length))}
        {usual !== undefined && ` · ${texts.usually(format.length(usual))}`}
      </Text>
    );
  }
  const ms = lengthOf(run, now);
  const why = whyOf(run);
  return (
    <>
      <Outcome state={run.state} outcome={run.outcome} />
      {ms !== undefined && <span className="figures">{format.length(ms)}</span>}
      {why !== '' && <span className="anywhere">{why}</span>}
      <Text size="sm" c="dimmed" component="span">
        <At at={run.fireTime} zone={zone} /> · <Distance at={run.fireTime} zone={zone} />
      </Text>
    </>
  );
};
