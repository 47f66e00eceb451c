import { useEffect, useSyncExternalStore } from 'react';
import { ask } from '../api.ts';
import { live, shut, type LinkState } from './live.ts';
import { queryClient } from '../query.ts';

/** The state of the link, and since when. */
export const useLink = (): LinkState => useSyncExternalStore(live.onState, live.state);

/** Keeps the link while somebody is signed in, and what goes with it: what could not be read while it was down is read again, and a door that the master
 *  shuts is a reason to look whether the session still holds. */
export const useKeptLink = (): void => {
  useEffect(() => {
    const onShut = (): void => {
      ask('GET', '/me').catch(() => undefined); // a 401 tells the shell by itself
    };
    const onVisible = (): void => {
      if (document.visibilityState === 'visible') live.wake();
    };
    shut.addEventListener('shut', onShut);
    window.addEventListener('online', live.wake);
    document.addEventListener('visibilitychange', onVisible);
    const endState = live.onState(() => {
      if (live.state().is === 'up') void queryClient.refetchQueries({ predicate: ({ state }) => state.status === 'error' });
    });
    const endLink = live.start();
    return () => {
      endLink();
      endState();
      shut.removeEventListener('shut', onShut);
      window.removeEventListener('online', live.wake);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, []);
};
