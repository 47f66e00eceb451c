import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { RunView } from '../../../src/domain/wire.ts';
import { ask, runPath } from '../api.ts';
import { later } from '../clock.ts';
import { createFollowed, type Followed } from './followed.ts';
import { live } from './live.ts';

/** Output may come in thousands of pieces: the page is drawn at most so often. */
const DRAW_MS = 60;
const RESYNC_MS = 500;

/** A run and what it prints, live. */
export const useFollowed = (id: string) => {
  const query = useQuery({
    queryKey: ['run', id],
    queryFn: ({ signal }) => ask<RunView>('GET', runPath(id), { signal }),
    gcTime: 0,
  });
  const [followed, setFollowed] = useState<Followed>();
  const [refused, setRefused] = useState<string>();
  const first = query.data;
  useEffect(() => {
    if (!first) return undefined;
    let callOff = (): void => undefined;
    let end = (): void => undefined;
    const start = (): void => {
      const follower = createFollowed(first);
      let isDrawn = true;
      const draw = (): void => {
        isDrawn = true;
        setFollowed(follower.followed());
      };
      draw();
      end = live.subscribe(
        `run/${first.id}`,
        { attempt: 1, seq: -1 },
        {
          onEvent: (event) => {
            follower.hear(event);
            if (isDrawn) callOff = later(DRAW_MS, draw);
            isDrawn = false;
          },
          onResync: () => {
            callOff();
            callOff = later(RESYNC_MS, start);
          },
          onRefused: setRefused,
        },
      );
    };
    start();
    return () => {
      end();
      callOff();
    };
  }, [first]);
  return {
    followed: followed?.run.id === id ? followed : undefined,
    error: query.error,
    refused,
    again: () => void query.refetch(),
  };
};
