import { sleep, type Clock } from '../../streams/clock.ts';
import type { Entry, Listing } from '../../streams/ports.ts';
import { keyAfter, rangeOf } from '../key-range.ts';
import type { Embedded } from './env.ts';
import { revisionIn, toEntry, type Tables } from './tables.ts';

const PAGE = 1_000;

/** Everything under a prefix as one snapshot, though other work has its turn after each thousand. */
export async function listFrom(
  { root }: Embedded,
  tables: Tables,
  { prefix, clock }: { readonly prefix: string; readonly clock: Clock },
): Promise<Listing> {
  const transaction = root.useReadTransaction();
  try {
    const entries: Entry[] = [];
    const revision = revisionIn(tables, { transaction });
    const { start, end } = rangeOf(prefix);
    for (let from = start; ;) {
      const options = { start: from, ...(end && { end }), limit: PAGE, transaction };
      const page = [...tables.rows.getRange(options)];
      for (const { key, value } of page) entries.push(toEntry(key.toString(), value));
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return { entries, revision };
      from = keyAfter(last.key);
      await sleep(0, clock);
    }
  } finally {
    transaction.done();
  }
}
