import { chmodSync, linkSync, readdirSync, rmSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { generationsIn, socketName } from './protocol.ts';

/** Takes the place of the launcher of this folder (the working directory, so that no path is too long for a socket), and listens there for its owner only. Answers the
 *  number of its socket, or undefined when another launcher listens and is not to be succeeded.
 *
 *  Each launcher has a socket of the next higher number; the highest that answers is the one that counts. It listens before it has its number, and `link` makes a number
 *  once: of two starters one gets it, and the other finds somebody who answers. (One name that is removed and made anew cannot do this: the slower starter would
 *  remove the socket of the faster one.) */
export const takePlace = async (server: Server, succeeds: boolean): Promise<number | undefined> => {
  const draft = `launcher-${String(process.pid)}.draft`;

  rmSync(draft, { force: true });
  await listening(server, draft);
  chmodSync(draft, 0o600);
  try {
    // With an order to succeed: whoever answers now is succeeded, whoever comes later is not.
    const succeeded = succeeds ? (generations()[0] ?? 0) : 0;
    for (;;) {
      const present = generations()[0] ?? 0;
      if (present > succeeded && (await answers(socketName(present)))) return undefined;
      const mine = present + 1;
      if (!linked(draft, socketName(mine))) continue;
      const others = generations();
      if ((others[0] ?? 0) > mine) {
        rmSync(socketName(mine), { force: true }); // it was free only because somebody is further already
        continue;
      }
      for (const each of others) if (each < mine && !(await answers(socketName(each)))) rmSync(socketName(each), { force: true });
      return mine;
    }
  } finally {
    rmSync(draft, { force: true });
  }
};

/** Listens with a mask that lets nobody else in, from the first instant on. */
const listening = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const before = process.umask(0o177);
    server.once('error', reject);
    server.listen({ path, backlog: 511 }, () => {
      server.off('error', reject);
      resolve();
    });
    process.umask(before);
  });

const generations = (): readonly number[] => generationsIn(readdirSync('.'));

const linked = (from: string, to: string): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/** A socket whose process is gone refuses; one that is only busy does not. */
const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
