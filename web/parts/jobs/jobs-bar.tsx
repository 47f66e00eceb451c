import { Button, Group, Text } from '@mantine/core';
import { JOB_OUTCOMES, JOB_SORTS } from '../../src/lists/jobs-search.ts';
import type { JobsAsked } from '../../src/live/kinds.ts';
import { outcomeTexts, texts } from '../../src/texts.ts';
import { Choice } from '../choice.tsx';
import classes from '../list-bar.module.css';
import { Typed } from '../typed.tsx';

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
        <Typed
          size="sm"
          type="search"
          label={texts.searchJobs}
          value={asked.q ?? ''}
          onValue={(q) => change({ q })}
          hasKey
          isWide
        />
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
