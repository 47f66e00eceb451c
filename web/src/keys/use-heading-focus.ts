import { useEffect, useRef } from 'react';
import { useLocation } from 'wouter';

/** Who types, or answers a dialog, is not disturbed. */
const BUSY = 'input, textarea, select, [role=dialog]';

const focusHeading = (): boolean => {
  const heading = document.querySelector<HTMLElement>('main h1');
  if (!heading) return false;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
  return true;
};

/** After a way to another page the focus is on its heading, as after a page that was loaded: a screen reader says where one is, and Tab goes on from there.
 *  A page whose heading comes later gets it then, unless the focus has gone elsewhere meanwhile. */
export const useHeadingFocus = (): void => {
  const [path] = useLocation();
  const last = useRef(path);
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    const at = document.activeElement;
    if (at?.closest(BUSY) || focusHeading()) return;
    const main = document.querySelector('main');
    if (!main) return;
    const waiting = new MutationObserver(() => {
      const isElsewhere = document.activeElement !== at && document.activeElement !== document.body;
      if (isElsewhere || focusHeading()) waiting.disconnect();
    });
    waiting.observe(main, { childList: true, subtree: true });
    return () => waiting.disconnect();
  }, [path]);
};
