import { useEffect, useState } from 'react';
import type { runsBy } from '../live/kinds.ts';
import { live } from '../live/live.ts';

type Ended = { readonly of: unknown; readonly ids: ReadonlySet<string> };
/** More than these are as good as many. */
const MOST = 1_000;

/** How many runs have ended since `asOf` that a search by text may have to show, for what they printed is in the log alone. */
export const useEndedSince = (kind: ReturnType<typeof runsBy>, isOn: boolean, asOf: string | undefined): number => {
  const [ended, setEnded] = useState<Ended>();
  const of = `${kind.topic} ${asOf ?? ''}`;
  useEffect(() => {
    if (!isOn || asOf === undefined) return undefined;
    return live.subscribe(kind.topic, asOf, {
      onEvent: (event, at) => {
        const id = kind.readEnded(event);
        // What was told at the position itself comes again.
        if (id === undefined || Number(at) <= Number(asOf)) return;
        setEnded((before) => {
          const ids = before?.of === of ? before.ids : new Set<string>();
          return ids.size >= MOST || ids.has(id) ? (before ?? { of, ids }) : { of, ids: new Set([...ids, id]) };
        });
      },
      onResync: () => undefined, // the list is read anew then, and with it comes another `asOf`
    });
  }, [kind, isOn, asOf, of]);
  return ended?.of === of ? ended.ids.size : 0;
};
