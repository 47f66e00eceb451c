import { Button, CloseButton, Group, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { JOB_OUTCOMES, JOB_SORTS } from '../../src/lists/jobs-search.ts';
import type { JobsAsked } from '../../src/live/kinds.ts';
import { outcomeTexts, texts } from '../../src/texts.ts';
import { Choice } from '../choice.tsx';
import classes from '../list-bar.module.css';

const TYPING_MS = 200;

type BarProps = {
  readonly asked: JobsAsked;
  readonly change: (some: JobsAsked) => void;
  /** Tags to choose from. */
  readonly tags: readonly string[];
  readonly onNew: (() => void) | undefined;
  /** There is nothing to filter: then it is only in the way. */
  readonly isEmpty: boolean;
  /** How many there are of what is asked for. */
  readonly count: string | undefined;
};

/** Search, filters and the order of the jobs. */
export const JobsBar = ({ asked, change, tags, onNew, isEmpty, count }: BarProps) => {
  const isFiltered = (['q', 'tag', 'enabled', 'outcome'] as const).some((each) => asked[each] !== undefined);
  const allTags = asked.tag === undefined || tags.includes(asked.tag) ? tags : [asked.tag, ...tags];
  return (
    <search className={classes['bar']}>
      <Group wrap="nowrap" gap="sm">
        <Search q={asked.q ?? ''} onQ={(q) => change({ q })} />
        {onNew && (
          <Button onClick={onNew} style={{ flexShrink: 0 }}>
            {texts.newJob}
          </Button>
        )}
      </Group>
      <div className={classes['filters']} hidden={isEmpty}>
        <Choice
          label={texts.filterEnabled}
          value={asked.enabled === undefined ? '' : String(asked.enabled)}
          onChange={(value) => change({ enabled: value === '' ? undefined : value === 'true' })}
          choices={[
            ['', texts.onAndOff],
            ['true', texts.onlyOn],
            ['false', texts.onlyOff],
          ]}
        />
        <Choice
          label={texts.filterOutcome}
          value={asked.outcome ?? ''}
          onChange={(value) => change({ outcome: value })}
          choices={[
            ['', texts.anyOutcome],
            ...JOB_OUTCOMES.map((each) => [each, outcomeTexts[each].slice(0, 2).join(' ')] as const),
          ]}
        />
        {allTags.length > 0 && (
          <Choice
            label={texts.filterTag}
            value={asked.tag ?? ''}
            onChange={(value) => change({ tag: value })}
            choices={[['', texts.anyTag], ...allTags.map((tag) => [tag, tag] as const)]}
          />
        )}
        <Choice
          label={texts.sortBy}
          value={asked.sort ?? JOB_SORTS[0]}
          usual={JOB_SORTS[0]}
          onChange={(value) => change({ sort: value === JOB_SORTS[0] ? undefined : value })}
          choices={JOB_SORTS.map((sort) => [sort, texts.sorts[sort]] as const)}
        />
        {isFiltered && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() => change({ q: undefined, tag: undefined, enabled: undefined, outcome: undefined })}
          >
            {texts.showAll}
          </Button>
        )}
        <Text size="xs" c="dimmed" role="status" className={classes['count'] ?? ''} data-count>
          {count}
        </Text>
      </div>
    </search>
  );
};

const Search = ({ q, onQ }: { readonly q: string; readonly onQ: (q: string) => void }) => {
  const [typed, setTyped] = useState(q);
  const written = useRef(q);
  const write = useDebouncedCallback((text: string) => {
    written.current = text.trim();
    onQ(written.current);
  }, TYPING_MS);
  // The address has changed by other means: a link, the way back.
  useEffect(() => {
    if (q === written.current) return;
    written.current = q;
    setTyped(q);
  }, [q]);
  const type = (text: string): void => {
    setTyped(text);
    write(text);
  };
  return (
    <TextInput
      flex={1}
      miw={0}
      type="search"
      placeholder={texts.searchJobs}
      aria-label={texts.searchJobs}
      value={typed}
      onChange={({ currentTarget }) => type(currentTarget.value)}
      onKeyDown={({ key, currentTarget }) => {
        if (key !== 'Escape') return;
        if (typed === '') currentTarget.blur();
        else type('');
      }}
      rightSection={
        typed === '' ? (
          <kbd className={classes['key']} aria-hidden="true">
            /
          </kbd>
        ) : (
          <CloseButton size="sm" aria-label={texts.clearSearch} onClick={() => type('')} />
        )
      }
    />
  );
};
