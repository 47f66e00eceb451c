import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createChildren } from './children.ts';
import { createClients } from './clients.ts';
import { closeInherited } from './inherited.ts';
import { say } from './log.ts';
import { takePlace } from './place.ts';
import { PLACE_IS_TAKEN, socketName } from './protocol.ts';

/*
 * The launcher: parent of every run of one worker, and outlives it. Small, and of node: alone, since starting a process costs by the memory of who starts it.
 * It works in the worker's data folder, listens on a socket that only its owner can open, and ends when nobody needs it any more.
 * Arguments: the data folder, what the worker calls its program, and `succeed` where it is to follow a launcher that still lives.
 */
const [folder = '.', build = '', order] = process.argv.slice(2);
let mine: number | undefined;
let isLeaving = false;

// Ended by the worker, or by having nothing to do: never by a Ctrl-C that is meant for the worker's terminal.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('uncaughtException', (error) => {
  say(`unforeseen: ${error.stack ?? error.message}`);
});
closeInherited();
process.umask(0o022); // of the commands; its own files have modes of their own
process.chdir(folder);

const clients = createClients();
const children = createChildren({
  build,
  tell: clients.tell,
  isAlone: clients.isEmpty,
  leave: () => {
    if (mine === undefined || isLeaving) return;
    isLeaving = true;
    rmSync(socketName(mine), { force: true });
    say('ends: nobody needs it any more');
    void clients.farewell().then(() => process.exit(0));
  },
});
const server = createServer((client) => {
  clients.welcome(client, children.answer);
});
try {
  mine = await takePlace(server, order === 'succeed');
} catch (error) {
  say(`cannot listen: ${String(error)}`);
  process.exit(1);
}
if (mine === undefined) {
  say('another launcher listens here');
  process.exit(PLACE_IS_TAKEN);
}
// A client that cannot be accepted (too many open files) tries again.
server.on('error', (error) => {
  say(`a worker could not be let in: ${error.message}`);
});
say(`listens as number ${String(mine)}, process ${String(process.pid)}`);
