import { Alert, Button, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useEffect } from 'react';
import { useSearchParams } from 'wouter';
import type { JobView, TickView } from '../../../src/domain/wire.ts';
import { ApiError } from '../../src/api.ts';
import { now, useNow } from '../../src/clock.ts';
import { shownJob } from '../../src/job/shown-job.ts';
import { texts } from '../../src/texts.ts';
import { didNotRun, readSpan, rowsOf, withoutFar, writeSpan, type Span } from '../../src/job/ticks.ts';
import { useTicks } from '../../src/job/use-ticks.ts';
import { Section } from '../section.tsx';
import { SpanPicker } from './span-picker.tsx';
import { Failed } from '../states.tsx';
import { Fold, TickRow } from './tick-row.tsx';
import { At } from '../time.tsx';
import { WhyAsked } from './why-asked.tsx';
import classes from './timeline.module.css';

/** Of a tick whose time has come the fate is known soon after; until then it is asked for every few seconds. */
const [DECIDED_MS, BEAT_MS] = [2_000, 4_000];
/** Who looks for what did not run is not to press a button for each page of ticks that ran: so many are looked through for so many. */
const [MOST_LOADED, ENOUGH] = [2_000, 20];

/** Each time that the schedule named, and what became of it: ran, skipped, missed, waits, and why. What is shown is in the address. */
export const Timeline = ({ view }: { readonly view: JobView }) => {
  const [search, setSearch] = useSearchParams();
  const span = readSpan(search.get('ticks'));
  const isOnly = search.get('only') === 'notRun';
  const sign = useSign(view);
  const { ticks, error, more, isLoadingMore, again } = useTicks(view.job.name, span, sign);
  const notRun = ticks?.filter(didNotRun);
  const isEnough = (notRun?.length ?? 0) >= ENOUGH || (ticks?.length ?? 0) >= MOST_LOADED;
  useEffect(() => {
    if (isOnly && more && !isLoadingMore && !isEnough && error === undefined) more();
  }, [isOnly, more, isLoadingMore, isEnough, error]);
  // A master of an older version does not know the way.
  if (error instanceof ApiError && error.problem.status === 404 && !ticks) return null;
  const show = (to: Span, only: boolean): void => {
    const text = writeSpan(to);
    setSearch({ ...(text === undefined ? {} : { ticks: text }), ...(only ? { only: 'notRun' } : {}) }, { replace: true });
  };
  const { timezone } = shownJob(view).schedule;
  const around = typeof span === 'object' ? span.around : undefined;
  const isAhead = around !== undefined && Date.parse(around) > now();
  const shown = isOnly ? notRun : isAhead ? ticks : ticks && withoutFar(ticks);
  const oldest = ticks?.at(-1)?.fireTime;
  return (
    <Section title={texts.ticks} isFlush>
      <Stack gap="xs" px="md" pb="sm">
        <Text size="xs" c="dimmed">
          {texts.ticksHint}
        </Text>
        <SpanPicker span={span} isOnly={isOnly} onChange={show} />
        {around !== undefined && <WhyAsked key={around} name={view.job.name} at={around} sign={sign} />}
      </Stack>
      {error !== undefined && (
        <div className={classes['note']}>
          <Failed error={error} onAgain={again} />
        </div>
      )}
      {!shown && error === undefined && (
        <Stack gap="xs" px="md" pb="md" aria-busy="true">
          {[0, 1, 2, 3].map((n) => (
            <Skeleton key={n} height={28} />
          ))}
        </Stack>
      )}
      {shown && <Rows ticks={shown} zone={timezone} around={around} />}
      {shown?.length === 0 && (
        <div className={classes['note']}>
          <Alert variant="light" color="gray">
            {isOnly && oldest !== undefined ? (
              <>
                {texts.allRanSince} <At at={oldest} zone={timezone} />
              </>
            ) : (
              texts.noTicks
            )}
          </Alert>
        </div>
      )}
      {more && (
        <Group justify="center" py="xs">
          <Button size="xs" variant="default" loading={isLoadingMore} onClick={more}>
            {texts.moreTicks}
          </Button>
        </Group>
      )}
    </Section>
  );
};

/** Changes when something may have become of a tick: the job or its runs changed, or its time has come. */
const useSign = ({ revision, nextFireTime, running, queued, lastRun }: JobView): string => {
  const at = useNow();
  const isDue = nextFireTime !== undefined && at > Date.parse(nextFireTime) + DECIDED_MS;
  return JSON.stringify([
    revision,
    nextFireTime,
    running.map(({ id }) => id),
    queued,
    lastRun?.id,
    isDue && Math.floor(at / BEAT_MS),
  ]);
};

type RowsProps = { readonly ticks: readonly TickView[]; readonly zone: string | undefined; readonly around: string | undefined };

const Rows = ({ ticks, zone, around }: RowsProps) => (
  <ul className={classes['ticks']} aria-label={texts.ticks}>
    {rowsOf(ticks).map((row) =>
      row.type === 'fold' ? (
        <Fold key={`fold ${row.id}`} ticks={row.ticks} zone={zone} />
      ) : (
        <TickRow
          key={`${row.tick.fireTime} ${row.tick.trigger === 'schedule' ? '' : (row.tick.runId ?? '')}`}
          tick={row.tick}
          zone={zone}
          isAsked={row.tick.fireTime === around}
        />
      ),
    )}
  </ul>
);
