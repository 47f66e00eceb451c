import { useEffect, useEffectEvent, useRef } from 'react';
import { createKeys, rowAfter, type Binding, type Press } from './keys.ts';
import { texts } from '../texts.ts';

/** The page's own keys. */
export const keys = createKeys();

const FIELDS = 'input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable=true]';
const COVERS = '[role=dialog], [role=menu], [role=listbox]';

const pressOf = ({ key, target, ctrlKey, metaKey, altKey, isComposing }: KeyboardEvent): Press => ({
  key,
  isTyping: isComposing || (target instanceof Element && target.closest(FIELDS) !== null),
  hasModifier: ctrlKey || metaKey || altKey,
  isCovered: document.querySelector(COVERS) !== null,
});

const onKey = (event: KeyboardEvent): void => {
  if (!event.defaultPrevented && keys.press(pressOf(event))) event.preventDefault();
};

/** Listens while somebody is signed in. Once, in the shell. */
export const useKeyboard = (): void => {
  useEffect(() => {
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
};

/** Keys while a part is there. Which keys (and names) they are must not change; what they do may, and is always the newest. */
export const useKeys = (bindings: readonly Binding[]): void => {
  const press = useEffectEvent((key: string) => bindings.find((each) => each.key === key)?.act());
  const told = JSON.stringify(bindings.map(({ key, name }) => [key, name]));
  useEffect(() => {
    const named = JSON.parse(told) as (readonly [string, string | null])[];
    return keys.add(named.map(([key, name]) => ({ key, ...(name === null ? {} : { name }), act: () => press(key) })));
  }, [told]);
};

/** Tries so many frames: a row far away has to be drawn first. */
const MOST_FRAMES = 20;

const rowOf = (id: string): HTMLElement | null => document.querySelector(`[data-row="${CSS.escape(id)}"]`);
const focusIn = (row: HTMLElement): void => (row.matches('a, button') ? row : row.querySelector<HTMLElement>('a[href]'))?.focus();

/** What a key does with the row that has the focus, by its id. */
export type RowAct = { readonly key: string; readonly name: string; readonly act: (id: string) => unknown };

type RowKeys = {
  /** The ids of all rows, in order. */
  readonly ids: readonly string[];
  /** Brings a row into the page where rows far away are not drawn. */
  readonly show?: (index: number) => void;
  /** What further keys do to the row that has the focus. */
  readonly acts?: readonly RowAct[];
};

/** j and k go through the rows of a list, Enter opens one. Each row has `data-row={id}` and is a link, or has its main link first: that gets the focus, so what
 *  is current is seen, read aloud and opened by the browser's own means. */
export const useRowKeys = ({ ids, show, acts = [] }: RowKeys): void => {
  const last = useRef<{ id: string; index: number }>(undefined);
  const current = (): number => {
    const focused = document.activeElement?.closest<HTMLElement>('[data-row]')?.dataset['row'];
    const id = focused ?? last.current?.id;
    return id === undefined ? -1 : ids.indexOf(id);
  };
  /** The place to go on from. Where the row is gone, the next one stands in its place now. */
  const from = (step: 1 | -1): number => {
    const index = current();
    if (index >= 0 || !last.current) return index;
    return step === 1 ? last.current.index - 1 : last.current.index;
  };
  const focus = (id: string, left: number): void => {
    const row = rowOf(id);
    if (row) focusIn(row);
    else if (left > 0) requestAnimationFrame(() => focus(id, left - 1));
  };
  const go = (step: 1 | -1) => (): unknown => {
    const index = rowAfter(from(step), step, ids.length);
    const id = index === undefined ? undefined : ids[index];
    if (index === undefined || id === undefined) return false;
    last.current = { id, index };
    show?.(index);
    focus(id, MOST_FRAMES);
    return true;
  };
  const on = (act: (id: string) => unknown) => (): unknown => {
    const id = ids[current()];
    return id === undefined ? false : act(id);
  };
  /** Nothing is done to a row that nobody sees to be current: it gets the focus first, and what is pressed next is meant for it. */
  const onSeen = (act: (id: string) => unknown) => (): unknown => {
    const index = current();
    const id = ids[index];
    if (id === undefined) return false;
    if (document.activeElement?.closest('[data-row]')) return act(id);
    show?.(index);
    focus(id, MOST_FRAMES);
    return true;
  };
  useKeys([
    { key: 'j', name: texts.keyNext, act: go(1) },
    { key: 'k', name: texts.keyBefore, act: go(-1) },
    // With the focus on a link or a button the browser does it.
    {
      key: 'Enter',
      name: texts.keyOpen,
      act: () =>
        document.activeElement === document.body && on((id) => rowOf(id)?.querySelector<HTMLElement>('a[href]')?.click())(),
    },
    ...acts.map(({ act, ...rest }) => ({ ...rest, act: onSeen(act) })),
  ]);
};
