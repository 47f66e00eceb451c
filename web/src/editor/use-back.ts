import { useEffect, useEffectEvent, useRef } from 'react';

/** The browser's "back" (on a phone, the gesture) is for what lies above the page, as long as it is there: a step of history of its own. `onBack` answers whether
 *  it closes; else the step is there again. Answers how to close otherwise, which takes the step away and calls `onClosed` then. */
export const useBack = (onBack: () => boolean, onClosed: (saved?: string) => void): ((saved?: string) => void) => {
  const closing = useRef<{ readonly saved: string | undefined }>(undefined);
  const onPop = useEffectEvent(() => {
    if (closing.current) onClosed(closing.current.saved);
    else if (onBack()) onClosed();
    else step();
  });
  useEffect(() => {
    step();
    addEventListener('popstate', onPop);
    return () => removeEventListener('popstate', onPop);
  }, []);
  return (saved) => {
    if (closing.current) return;
    closing.current = { saved };
    history.back();
  };
};

const ABOVE = 'cronstream.above';

/** The same address once more. Not twice: after a reload the step is there already. */
const step = (): void => {
  const state: unknown = history.state;
  if (typeof state === 'object' && state !== null && ABOVE in state) return;
  history.pushState({ ...(state ?? {}), [ABOVE]: true }, '');
};
