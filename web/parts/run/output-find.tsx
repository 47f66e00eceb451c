import { ActionIcon, TextInput } from '@mantine/core';
import { useDeferredValue, useMemo, useRef, useState } from 'react';
import { createFind, hitAfter, MOST_HITS, type Hit } from '../../src/output/find.ts';
import { format } from '../../src/format.ts';
import type { Line } from '../../src/output/terminal.ts';
import { texts } from '../../src/texts.ts';
import classes from './output.module.css';

export type Finding = ReturnType<typeof useFind>;

/** What is looked for in the lines, and the hit where one is. */
export const useFind = (lines: readonly Line[]) => {
  const box = useRef<HTMLDivElement>(null);
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState<Hit>();
  const asked = useDeferredValue(query);
  const find = useMemo(() => createFind(asked), [asked]);
  const hits = useMemo(() => find.all(lines), [find, lines]);
  // While output grows the hit stays the same one; with another text the first is shown at once.
  const at = chosen
    ? hits.findIndex(({ number, from, to }) => number === chosen.number && from === chosen.from && to === chosen.to)
    : -1;
  return {
    box,
    find,
    query,
    hits,
    at: at >= 0 ? at : 0,
    hit: hits[at >= 0 ? at : 0],
    ask: (text: string): void => {
      setChosen(undefined);
      setQuery(text);
    },
    go: (step: 1 | -1): void => setChosen(hitAfter(hits, hits[at >= 0 ? at : 0], step)),
  };
};

/** Enter goes to the next hit, Shift and Enter to the one before, Esc gives up and goes to the output. */
export const OutputFind = ({ finding: { box, query, hits, at, ask, go } }: { readonly finding: Finding }) => {
  const all = format.number(hits.length);
  return (
    <div className={classes['find']} role="search">
      <TextInput
        type="search"
        size="xs"
        flex={1}
        placeholder={texts.findOutput}
        aria-label={texts.findOutput}
        value={query}
        onChange={({ currentTarget }) => ask(currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
          else if (event.key === 'Escape') {
            ask('');
            box.current?.focus();
          } else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      {query !== '' && (
        <>
          <span className={`figures ${classes['count'] ?? ''}`} role="status" data-hits={hits.length}>
            {hits.length === 0
              ? texts.findNone
              : hits.length >= MOST_HITS
                ? texts.findMany(all)
                : texts.findCount(format.number(at + 1), all)}
          </span>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={texts.findBefore}
            disabled={hits.length === 0}
            onClick={() => go(-1)}
          >
            ↑
          </ActionIcon>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={texts.findNext}
            disabled={hits.length === 0}
            onClick={() => go(1)}
          >
            ↓
          </ActionIcon>
        </>
      )}
    </div>
  );
};
