import { concat, defer, filter, map, of, Subject, throwError, type Observable } from 'rxjs';
import { Compacted, Unavailable, type Change, type Changes } from '../../streams/ports.ts';

/** The newest changes, kept in memory so that a watch can begin in the past, and told to whoever watches. */
export type History = {
  /** Tells one revision's changes. Revisions come in order, each once, after their commit. */
  readonly add: (changes: Changes) => void;
  readonly watch: (prefix: string, fromRevision: number) => Observable<Changes>;
  /** Ends every watch with `Unavailable`. */
  readonly close: () => void;
};

const keyOf = (change: Change): string => (change.type === 'put' ? change.entry.key : change.key);

const under =
  (prefix: string) =>
  ({ changes, revision }: Changes): Changes => ({ changes: changes.filter((each) => keyOf(each).startsWith(prefix)), revision });

/** @param revision the store's at the opening: what is older is not kept. @param length how many changes are kept. */
export function createHistory(revision: number, length: number): History {
  const told$ = new Subject<Changes>();
  let kept: Changes[] = [];
  let count = 0;
  /** The newest revision that is not kept. */
  let forgotten = revision;

  // Rarely, and then a lot: taking the first from a long array moves all others.
  const forget = (): void => {
    let from = 0;
    for (; from < kept.length - 1 && count > length; from++) {
      forgotten = kept[from]?.revision ?? forgotten;
      count -= kept[from]?.changes.length ?? 0;
    }
    kept = kept.slice(from);
  };

  return {
    add: (changes) => {
      kept.push(changes);
      count += changes.changes.length;
      if (count > length * 2) forget();
      told$.next(changes);
    },
    watch: (prefix, fromRevision) =>
      defer(() => {
        if (fromRevision <= forgotten)
          return throwError(() => new Compacted(`Changes are kept from revision ${forgotten + 1} on, not from ${fromRevision}.`));
        const past = kept.filter((each) => each.revision >= fromRevision);
        const future$ = told$.pipe(filter((each) => each.revision >= fromRevision));
        const found$ = concat(of(...past), future$).pipe(
          map(under(prefix)),
          filter(({ changes }) => changes.length > 0),
        );
        // As etcd does: the first answer says that the watch is there.
        return concat(of({ changes: [], revision: fromRevision - 1 }), found$);
      }),
    close: () => told$.error(new Unavailable('The embedded store is closed.')),
  };
}
