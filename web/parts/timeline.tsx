import { Alert, Button, Group, SegmentedControl, Skeleton, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import type { JobView, TickView } from '../../src/domain/wire.ts';
import { ApiError } from '../src/api.ts';
import { now, useNow } from '../src/clock.ts';
import { shownJob } from '../src/shown-job.ts';
import { texts } from '../src/texts.ts';
import { didNotRun, readSpan, rowsOf, withoutFar, writeSpan, type Span } from '../src/ticks.ts';
import { useTicks } from '../src/use-ticks.ts';
import { Section } from './section.tsx';
import { Failed } from './states.tsx';
import { Fold, TickRow } from './tick-row.tsx';
import classes from './timeline.module.css';

/** Of a tick whose time has come the fate is known soon after. */
const DECIDED_MS = 2_000;

const onlyText = (isOnly: boolean): Record<string, string> => (isOnly ? { only: 'notRun' } : {});

/** Each time that the schedule named, and what became of it: ran, skipped, missed, waits, and why. The span is in the address. */
export const Timeline = ({ view }: { readonly view: JobView }) => {
  const [search, setSearch] = useSearchParams();
  const span = readSpan(search.get('ticks'));
  const isOnly = search.get('only') === 'notRun';
  const { timezone } = shownJob(view).schedule;
  const sign = useSign(view);
  const { ticks, error, more, isLoadingMore, again } = useTicks(view.job.name, span, sign);
  // A master of an older version does not know the way.
  if (error instanceof ApiError && error.problem.status === 404 && !ticks) return null;
  const show = (to: Span, only: boolean): void => {
    const text = writeSpan(to);
    setSearch({ ...(text === undefined ? {} : { ticks: text }), ...onlyText(only) }, { replace: true });
  };
  const shown = ticks && (isOnly ? ticks.filter(didNotRun) : typeof span === 'object' ? ticks : withoutFar(ticks));
  return (
    <Section title={texts.ticks} isFlush>
      <Stack gap="xs" px="md" pb="sm">
        <Text size="xs" c="dimmed">
          {texts.ticksHint}
        </Text>
        <Group gap="sm">
          <SegmentedControl
            size="xs"
            aria-label={texts.range}
            value={typeof span === 'object' ? 'around' : span}
            data={[
              { value: 'day', label: texts.lastDay },
              { value: 'week', label: texts.lastWeek },
              { value: 'around', label: texts.aroundTime },
            ]}
            onChange={(value) => show(value === 'around' ? { around: new Date(now()).toISOString() } : value, isOnly)}
          />
          {typeof span === 'object' && (
            <Around key={span.around} at={span.around} onChange={(around) => show({ around }, isOnly)} />
          )}
          <Switch
            size="xs"
            label={texts.onlyNotRun}
            checked={isOnly}
            onChange={({ currentTarget }) => show(span, currentTarget.checked)}
          />
        </Group>
      </Stack>
      {error !== undefined && !ticks ? (
        <div style={{ padding: '0 16px 16px' }}>
          <Failed error={error} onAgain={again} />
        </div>
      ) : !shown ? (
        <Stack gap="xs" px="md" pb="md" aria-busy="true">
          {[0, 1, 2, 3].map((n) => (
            <Skeleton key={n} height={28} />
          ))}
        </Stack>
      ) : (
        <>
          {shown.length === 0 && (
            <Alert variant="light" color="gray" mx="md" mb="md">
              {isOnly ? texts.noTicksNotRun : texts.noTicks}
            </Alert>
          )}
          <Rows ticks={shown} zone={timezone} around={typeof span === 'object' ? span.around : undefined} />
          {more && (
            <Group justify="center" py="xs">
              <Button size="xs" variant="default" loading={isLoadingMore} onClick={more}>
                {texts.moreTicks}
              </Button>
            </Group>
          )}
        </>
      )}
    </Section>
  );
};

/** Changes when something may have become of a tick: the job or its runs changed, or its time has come. */
const useSign = ({ revision, nextFireTime, running, queued, lastRun }: JobView): string => {
  const at = useNow();
  const isDue = nextFireTime !== undefined && at > Date.parse(nextFireTime) + DECIDED_MS;
  // Until it is told what became of it, every few seconds.
  const beat = isDue ? Math.floor(at / 4_000) : 0;
  return JSON.stringify([revision, running.map(({ id }) => id), queued, lastRun?.id, beat]);
};

type RowsProps = { readonly ticks: readonly TickView[]; readonly zone: string | undefined; readonly around: string | undefined };

const Rows = ({ ticks, zone, around }: RowsProps) => (
  <ul className={classes['ticks']} aria-label={texts.ticks}>
    {rowsOf(ticks).map((row) =>
      row.type === 'fold' ? (
        <Fold key={`fold ${row.id}`} ticks={row.ticks} zone={zone} />
      ) : (
        <TickRow
          key={`${row.tick.fireTime} ${row.tick.trigger === 'catchUp' ? (row.tick.runId ?? '') : ''}`}
          tick={row.tick}
          zone={zone}
          isAsked={row.tick.fireTime === around}
        />
      ),
    )}
  </ul>
);

/** `YYYY-MM-DDThh:mm`, by the viewer's clock: what the browser's own field reads and writes. */
const localText = (at: string): string => {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

const Around = ({ at, onChange }: { readonly at: string; readonly onChange: (at: string) => void }) => {
  const [text, setText] = useState(localText(at));
  const use = (): void => {
    const ms = new Date(text).getTime();
    if (!Number.isNaN(ms) && text !== localText(at)) onChange(new Date(ms).toISOString());
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        use();
      }}
    >
      <TextInput
        size="xs"
        type="datetime-local"
        aria-label={texts.around}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        onBlur={use}
      />
    </form>
  );
};
