import { Badge, Text } from '@mantine/core';
import { memo, useState, type ReactNode } from 'react';
import { Link } from 'wouter';
import type { TickView } from '../../../src/domain/wire.ts';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { reasonTexts, texts, triggerTexts } from '../../src/texts.ts';
import { Outcome } from '../outcome.tsx';
import { At, Distance } from '../time.tsx';
import classes from './timeline.module.css';

/** Late by this and it is worth a word. */
const LATE_MS = 1_000;

const FATES = {
  coming: ['○', 'gray'],
  waiting: ['…', 'yellow'],
  ran: ['▶', 'blue'],
  skipped: ['»', 'orange'],
  missed: ['✕', 'red'],
} as const satisfies Record<TickView['fate'], readonly [sign: string, color: string]>;

type TickProps = { readonly tick: TickView; readonly zone: string | undefined; readonly isAsked?: boolean };

/** A tick: when, what became of it and why. Where it ran, all of the row leads to its run. */
export const TickRow = memo(function TickRow({ tick, zone, isAsked = false }: TickProps) {
  const { fireTime, to, runId, fate } = tick;
  const rest = restOf(tick);
  const cells = (
    <>
      <span>
        <At at={fireTime} zone={zone} />
        {to !== undefined && to !== fireTime && (
          <>
            {' – '}
            <At at={to} zone={zone} />
          </>
        )}
      </span>
      <span className={classes['fate']}>
        <FateBadge tick={tick} />
        <Why tick={tick} />
      </span>
      <span className={`figures ${classes['rest'] ?? ''}`}>
        {fate === 'coming' ? <Distance at={fireTime} zone={zone} /> : rest}
      </span>
    </>
  );
  const marks = { 'data-tick': fireTime, 'data-fate': fate, ...(isAsked && { 'data-asked': true }) };
  return (
    <li>
      {runId === undefined ? (
        <span className={classes['tick']} {...marks}>
          {cells}
        </span>
      ) : (
        <Link href={`/runs/${runId}`} className={classes['tick'] ?? ''} {...marks}>
          {cells}
        </Link>
      )}
    </li>
  );
});

/** Of a tick that ran what became of the run says more than that it ran. */
const FateBadge = ({ tick: { fate, outcome, count, fireTime } }: { readonly tick: TickView }) => {
  if (fate === 'ran') return <Outcome state={outcome === undefined ? 'running' : 'finished'} outcome={outcome} />;
  if (fate === 'coming') return <Coming at={fireTime} />;
  const [sign, color] = FATES[fate];
  return (
    <Word sign={sign} color={color}>
      {texts.fates[fate]}
      {count !== undefined && count > 1 && ` · ${texts.tickRange(format.number(count))}`}
    </Word>
  );
};

/** Its time may have come while nobody has decided yet. */
const Coming = ({ at }: { readonly at: string }) => {
  const isDue = useNow() >= Date.parse(at);
  const [sign, color] = FATES.coming;
  return (
    <Word sign={sign} color={isDue ? 'yellow' : color}>
      {isDue ? texts.due : texts.fates.coming}
    </Word>
  );
};

const Word = ({ sign, color, children }: { readonly sign: string; readonly color: string; readonly children: ReactNode }) => (
  <Badge
    variant="light"
    color={color}
    leftSection={<span aria-hidden="true">{sign}</span>}
    styles={{ root: { textTransform: 'none', cursor: 'inherit', flexShrink: 0 }, label: { fontWeight: 600 } }}
  >
    {children}
  </Badge>
);

const Why = ({ tick: { reason, note, trigger, by, waitsFor } }: { readonly tick: TickView }) => {
  const parts = [
    trigger !== undefined && trigger !== 'schedule' && triggerTexts[trigger],
    reason && ((reasonTexts[reason] as string | undefined) ?? reason),
    waitsFor,
    by,
    note,
  ].filter((part) => typeof part === 'string');
  return parts.length === 0 ? null : (
    <Text size="sm" c="dimmed" component="span" className="anywhere">
      {parts.join(' · ')}
    </Text>
  );
};

const restOf = ({ latenessMs, durationMs, workerName }: TickView): string =>
  [
    latenessMs !== undefined && latenessMs >= LATE_MS && texts.tickLate(format.length(latenessMs)),
    durationMs !== undefined && format.length(durationMs),
    workerName,
  ]
    .filter((part) => typeof part === 'string')
    .join(' · ');

/** Many ticks to which the same happened, in one row that opens. */
export const Fold = ({ ticks, zone }: { readonly ticks: readonly TickView[]; readonly zone: string | undefined }) => {
  const [isOpen, setOpen] = useState(false);
  const [newest, oldest] = [ticks[0], ticks.at(-1)];
  if (!newest || !oldest) return null;
  return (
    <>
      <li>
        <button
          type="button"
          className={classes['fold']}
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          data-fold={ticks.length}
        >
          <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {foldText(newest, ticks.length)}{' '}
          <At at={oldest.fireTime} zone={zone} /> – <At at={newest.fireTime} zone={zone} />
        </button>
      </li>
      {isOpen && ticks.map((tick) => <TickRow key={tick.fireTime} tick={tick} zone={zone} />)}
    </>
  );
};

const foldText = ({ fate, reason }: TickView, count: number): string =>
  fate === 'ran'
    ? texts.foldedTicks(format.number(count))
    : texts.foldedSkips(format.number(count), reason ? reasonTexts[reason] : '');
