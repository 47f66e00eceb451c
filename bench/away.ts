// The run log away for long: memory of what waits in the spool, what a worker that is killed meanwhile takes up again, and how all of it is shipped. npm run bench -- away [runs]. Prints; fails nothing.
import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { eventId, type RunEvent } from '../src/domain/events.ts';
import { openSpool, type Found, type Spool } from '../src/worker/spool.ts';
import { folder, memory, say, timed } from './support/measure.ts';
import { fill, shipAll } from './support/spooled.ts';

const RUNS = Number(process.argv[2] ?? 40_000);
const [STEPS, RATE] = [4, 20_000];

const foundIn = async (spool: Spool, onBroken: (name: string) => void) => {
  const all: Found[] = [];
  for await (const each of spool.found(onBroken)) all.push(each);
  return all;
};

console.log(`load ${(loadavg()[0] ?? 0).toFixed(1)}`);
const dir = folder();
const root = join(dir, 'spool');
{
  const spool = await openSpool(root);
  const empty = memory();
  let before = empty;
  for (let step = 1; step <= STEPS; step += 1) {
    const [seconds] = await timed(() => fill(spool, RUNS / STEPS));
    const now = memory();
    console.log(`— ${String((step * RUNS) / STEPS)} runs wait (${(RUNS / STEPS / seconds).toFixed(0)} runs/s)`);
    say('folders that are open', spool.countOfOpen(), '');
    say('heap above that of an empty spool', now - empty, 'MB');
    say('of which for each run of this part', ((now - before) * 1e6 * STEPS) / RUNS, 'bytes');
    say('on the disk, as the spool counts it', spool.bytes() / 1e6, 'MB');
    before = now;
  }
}
const empty = memory();
const spool = await openSpool(root);
const [seconds, found] = await timed(() => foundIn(spool, (name) => console.log(`broken: ${name}`)));
console.log('— killed and started anew');
say('until all is known again', seconds, 's');
say('folders that are looked into', found.length, '');
say('heap above that of an empty spool', memory() - empty, 'MB');
for (const each of found) spool.release(each.folder);

const last = new Map<string, string>();
let [events, batches, outOfOrder, most] = [0, 0, 0, 0];
const append = async (batch: readonly RunEvent[]) => {
  for (const event of batch) {
    const [runId, id] = ['runId' in event ? event.runId : '', eventId(event)];
    if (id <= (last.get(runId) ?? '')) outOfOrder += 1;
    last.set(runId, id);
  }
  events += batch.length;
  batches += 1;
  await spool.sweep(); // as the worker does it, every now and then
  if (batches % 10 === 0) most = Math.max(most, memory() - empty);
  return { refused: [], conflicts: [] };
};
const [shipping] = await timed(() => shipAll(spool, append, { mostPerSecond: RATE }));
console.log(`— shipped, at most ${String(RATE)} events a second`);
say('events', events, '');
say('of which out of order within their run, or twice', outOfOrder, '');
say('events a second', events / shipping, '/s');
say('heap at most (with the list of runs that this benchmark keeps)', most, 'MB');
await spool.sweep(Infinity);
rmSync(dir, { recursive: true, force: true });
