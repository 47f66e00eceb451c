import { useEffect } from 'react';
import { texts } from './texts.ts';

/** What the browser's tab says. */
export const useTitle = (of: string): void => {
  useEffect(() => {
    document.title = `${of} · ${texts.product}`;
  }, [of]);
};
