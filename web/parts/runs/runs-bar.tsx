import { Button, Text, TextInput } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useId, useState } from 'react';
import type { JobView, WorkerView } from '../../../src/domain/wire.ts';
import { ask, type Page } from '../../src/api.ts';
import { now } from '../../src/clock.ts';
import { isSince, RUN_OUTCOMES, SINCE, type RunsSearch, type Since, WRONG } from '../../src/lists/runs-search.ts';
import { outcomeTexts, texts } from '../../src/texts.ts';
import { Choice } from '../choice.tsx';
import classes from '../list-bar.module.css';
import { Typed } from '../typed.tsx';

const DAY_MS = 86_400_000;

type BarProps = {
  readonly wanted: RunsSearch;
  readonly change: (some: RunsSearch) => void;
  /** Takes all filters out; undefined where there is none. */
  readonly onClear: (() => void) | undefined;
  readonly count: string | undefined;
};

/** What narrows the list of runs. */
export const RunsBar = ({ wanted, change, onClear, count }: BarProps) => (
  <search className={classes['bar']}>
    <Typed
      size="sm"
      type="search"
      label={texts.searchRuns}
      value={wanted.q ?? ''}
      onValue={(q) => change({ q: q || undefined })}
      hasKey
    />
    <div className={classes['filters']}>
      <JobChoice value={wanted.job ?? ''} onValue={(job) => change({ job: job || undefined })} />
      <Choice
        label={texts.outcomeOfRun}
        value={wanted.outcome ?? ''}
        onChange={(value) => change({ outcome: value || undefined })}
        choices={[
          ['', texts.anyOutcomeOfRun],
          [WRONG, `✕ ${texts.anythingWrong}`] as const,
          ...RUN_OUTCOMES.map((each) => [each, outcomeTexts[each].slice(0, 2).join(' ')] as const),
        ]}
      />
      <WorkerChoice value={wanted.worker ?? ''} onValue={(worker) => change({ worker: worker || undefined })} />
      <TimeChoice wanted={wanted} change={change} />
      {onClear && (
        <Button size="xs" variant="subtle" onClick={onClear}>
          {texts.clearFilters}
        </Button>
      )}
      <Text size="xs" c="dimmed" role="status" className={classes['count'] ?? ''} data-count>
        {count}
      </Text>
    </div>
  </search>
);

type ValueProps = { readonly value: string; readonly onValue: (value: string) => void };
const MOST_OFFERED = 20;

/** The whole name of a job; names are offered as one types. */
const JobChoice = ({ value, onValue }: ValueProps) => {
  const id = useId();
  const [typed, setTyped] = useState(value);
  const { data } = useQuery({
    queryKey: ['jobNames', typed],
    queryFn: ({ signal }) =>
      ask<Page<JobView>>('GET', `/jobs?limit=${String(MOST_OFFERED)}&q=${encodeURIComponent(typed)}`, { signal }),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    staleTime: 30_000,
  });
  return (
    <>
      <Typed size="xs" type="text" label={texts.runsOfWhich} value={value} onValue={onValue} onType={setTyped} list={id} />
      <datalist id={id}>
        {data?.items.map(({ job: { name } }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
};

const WorkerChoice = ({ value, onValue }: ValueProps) => {
  const { data } = useQuery({
    queryKey: ['workerNames'],
    queryFn: ({ signal }) => ask<Page<WorkerView>>('GET', '/workers', { signal }),
    staleTime: 30_000,
  });
  const names = [...new Set([...(data?.items.map(({ name }) => name) ?? []), ...(value === '' ? [] : [value])])].toSorted();
  return (
    <Choice
      label={texts.runOnWorker}
      value={value}
      onChange={onValue}
      choices={[['', texts.anyWorker], ...names.map((name) => [name, name] as const)]}
    />
  );
};

const BETWEEN = 'between';

const TimeChoice = ({ wanted: { since, from, to }, change }: Pick<BarProps, 'wanted' | 'change'>) => {
  const isBetween = from !== undefined || to !== undefined;
  const choose = (value: string): void => {
    const none = { since: undefined, from: undefined, to: undefined };
    if (value === BETWEEN) change({ ...none, from: new Date(now() - DAY_MS).toISOString() });
    else change({ ...none, ...(isSince(value) && { since: value }) });
  };
  return (
    <>
      <Choice
        label={texts.whenRun}
        value={isBetween ? BETWEEN : (since ?? '')}
        onChange={choose}
        choices={[
          ['', texts.anyTime],
          ...(Object.keys(SINCE) as Since[]).map((each) => [each, texts.sinces[each]] as const),
          [BETWEEN, texts.betweenTimes],
        ]}
      />
      {isBetween && (
        <>
          <Instant label={texts.fromTime} at={from} onAt={(at) => change({ from: at })} />
          <Instant label={texts.toTime} at={to} onAt={(at) => change({ to: at })} />
        </>
      )}
    </>
  );
};

const MINUTE_MS = 60_000;
/** As the browser's own field wants it: in the viewer's zone, to the minute. */
const localText = (at: string): string => {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
};

type InstantProps = {
  readonly label: string;
  readonly at: string | undefined;
  readonly onAt: (at: string | undefined) => void;
};

/** Asked for when one leaves it or presses Enter: while one types in such a field each stroke is another instant. */
const Instant = ({ label, at, onAt }: InstantProps) => {
  const shown = at === undefined ? '' : localText(at);
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  const use = (): void => {
    const ms = Date.parse(text);
    if (text !== shown) onAt(Number.isNaN(ms) ? undefined : new Date(ms).toISOString());
  };
  return (
    <TextInput
      size="xs"
      type="datetime-local"
      className={classes['choice'] ?? ''}
      aria-label={label}
      leftSection={
        <Text size="xs" c="dimmed" component="span" aria-hidden="true">
          {label}
        </Text>
      }
      leftSectionWidth={46}
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
      onBlur={use}
      onKeyDown={({ key }) => {
        if (key === 'Enter') use();
      }}
    />
  );
};
