import type { WorkerConfig } from '../../src/worker/worker.ts';

/** The configuration of a worker under test: any job, no labels, no launcher of its own. */
export const workerConfig = (given: Pick<WorkerConfig, 'id' | 'dataDir' | 'slots'> & Partial<WorkerConfig>): WorkerConfig => ({
  name: given.id,
  labels: [],
  allow: undefined,
  allowUsers: [],
  version: '0',
  launcherPath: '',
  scale: 1,
  endWithMe: false,
  drainTimeoutMs: 0,
  ...given,
});
