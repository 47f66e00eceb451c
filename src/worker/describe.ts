import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { uuidv7 } from 'uuidv7';
import { toInstant } from '../domain/instant.ts';
import { SCHEDULE_RULES, type Presence } from '../domain/values.ts';
import type { Clock } from '../streams/clock.ts';
import { SPOOL_LIMIT_BYTES } from './spool.ts';
import type { Parts, WorkerConfig } from './worker.ts';

/** What the worker's presence says, now. */
export const createDescription = (
  config: WorkerConfig,
  clock: Clock,
  { runs, spool, here, users }: Pick<Parts, 'runs' | 'spool' | 'here' | 'users'>,
): (() => Presence) => {
  const startedAt = toInstant(clock.now());
  const nonce = uuidv7();
  const machineId = readMachineId();
  return () => {
    const { attempts, oldestAt } = spool.waitingAttempts();
    return {
      v: 1,
      id: config.id,
      name: config.name,
      host: hostname(),
      machineId,
      nonce,
      pid: process.pid,
      version: config.version,
      labels: [...config.labels],
      slots: config.slots,
      ...(config.allow && { allow: [...config.allow] }),
      users: [...users.all.keys()],
      running: runs.count(),
      spoolBytes: spool.bytes(),
      spoolWaiting: attempts,
      ...(oldestAt === undefined ? {} : { spoolOldestAt: toInstant(oldestAt) }),
      spoolLimitBytes: Math.min(spool.roomBytes(), config.spoolLimitBytes ?? SPOOL_LIMIT_BYTES),
      spoolCutBytes: spool.cutBytes(),
      setAside: spool.countOfSetAside(),
      draining: here.draining,
      startedAt,
      stampedAt: toInstant(clock.now()),
      ...(here.clockState.standing === 'unknown' ? {} : { clockOffsetMs: here.clockState.offsetMs }),
      ...(here.clockState.standing === 'outside' ? { skewed: true } : {}),
      ...(here.inSync ? {} : { unsynced: true }),
      rules: { schedule: SCHEDULE_RULES, tz: process.versions['tz'] ?? '' },
    };
  };
};

/** Tells machines apart; the host name alone where there is no id. */
const readMachineId = (): string => {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      const id = readFileSync(path, 'utf8').trim();
      if (id !== '') return id;
    } catch {
      // not there
    }
  }
  return hostname();
};
