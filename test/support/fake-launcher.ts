// A launcher without processes: each run ends by itself after `runMs`, with exit code 0.
import { NEVER, Subject } from 'rxjs';
import { PROTOCOL, type LiveEntry, type News } from '../../src/launcher/protocol.ts';
import type { connectLauncher } from '../../src/worker/launcher.ts';

export const fakeLauncher =
  (runMs: number): typeof connectLauncher =>
  async () => {
    const news$ = new Subject<News>();
    let pid = 1_000_000_000; // of no process
    return {
      pid: 1,
      live: [],
      news$,
      gone$: NEVER,
      start: async ({ runId, attempt }) => {
        pid += 1;
        const entry: LiveEntry = { runId, attempt, pid, startTime: '0', startedAt: new Date().toISOString() };
        setTimeout(() => {
          const { startedAt } = entry;
          const exit = { v: PROTOCOL, runId, attempt, pid: entry.pid, startedAt, at: new Date().toISOString(), exitCode: 0 };
          news$.next({ v: PROTOCOL, type: 'exited', exit });
        }, runMs);
        return entry;
      },
      end: async () => false,
      setDeadlines: async () => false,
      stop: async () => false,
      close: () => undefined,
    };
  };
