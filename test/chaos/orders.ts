// What people do meanwhile: kill runs, run jobs by hand, edit them, fill in.
import { Refused, type Api } from './api.ts';
import type { ChaosJob } from './jobs.ts';
import { wait } from './time.ts';

type Run = { readonly id: string; readonly job: string; readonly state: string };
export type Orders = ReturnType<typeof createOrders>;

export const createOrders = ({ api, jobs }: { readonly api: Api; readonly jobs: readonly ChaosJob[] }) => {
  const kills: { readonly job: string; readonly runId: string }[] = [];
  const byHand = jobs.find(({ isByHand }) => isByHand === true)?.job.name ?? '';
  const edited = jobs.find(({ isEdited }) => isEdited === true);
  const refusal = (error: unknown): string => {
    if (error instanceof Refused && error.status < 500) return `refused, ${error.message.slice(0, 100)}`;
    throw error;
  };
  const kill = async (master: string, { job, id }: Pick<Run, 'job' | 'id'>): Promise<string> => {
    await api.once(master, `/runs/${id}/kill`, { body: {} });
    kills.push({ job, runId: id });
    return `${job} ${id}`;
  };
  return {
    kills,
    /** One of what runs or waits now; long ones first, since they are there to be killed. */
    killRun: async (master: string, amount: number): Promise<string> => {
      const { items } = await api.once<{ items: readonly Run[] }>(master, '/runs?limit=200');
      const live = items.filter(({ state }) => state !== 'finished');
      const [own] = live.filter(({ job }) => job === byHand);
      const run = own ?? live[amount % Math.max(1, live.length)];
      if (!run) return 'nothing runs';
      return kill(master, run).catch(refusal);
    },
    /** Half of them the job that runs only by hand; that one is killed by a later `killRun`, or at the end. */
    runNow: async (master: string, amount: number): Promise<string> => {
      const name = amount % 2 === 0 ? byHand : (jobs[amount % jobs.length]?.job.name ?? byHand);
      const answer = await api.once<object>(master, `/jobs/${name}/run`, { body: {} }).catch(refusal);
      return `${name} ${typeof answer === 'string' ? answer : JSON.stringify(answer)}`;
    },
    edit: async (master: string, amount: number): Promise<string> => {
      if (!edited) return 'no job is edited';
      const body =
        amount % 3 === 0 ? { enabled: false } : { enabled: true, cronExpr: `*/${String(2 + (amount % 3))} * * * * * *` };
      await api.once(master, `/jobs/${edited.job.name}`, { method: 'PATCH', body });
      return JSON.stringify(body);
    },
    backfill: async (master: string, amount: number): Promise<string> => {
      const name = jobs[amount % jobs.length]?.job.name ?? byHand;
      const to = Date.now() - 60_000;
      const body = { from: new Date(to - 6_000).toISOString(), to: new Date(to).toISOString() };
      const answer = await api.once<object>(master, `/jobs/${name}/backfill`, { body }).catch(refusal);
      return `${name} ${typeof answer === 'string' ? answer : JSON.stringify(answer)}`;
    },
    /** Ends what would never end by itself. */
    killAll: async (master: string): Promise<void> => {
      for (;;) {
        const { items } = await api.once<{ items: readonly Run[] }>(master, `/runs?job=${byHand}&limit=200`);
        const live = items.filter(({ state }) => state !== 'finished');
        if (live.length === 0) return;
        for (const run of live) await kill(master, run).catch(refusal);
        await wait(500);
      }
    },
  };
};
