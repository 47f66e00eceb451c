// Stores an event in a log database, reads it back, closes, says so, and has nothing more to do: it must end by itself.
import { openMongoRunLog } from '../../src/stores/mongo/run-log.ts';

const [url = '', database = ''] = process.argv.slice(2);
const log = openMongoRunLog({ url, database, timeoutMs: 60_000 });
const at = '2026-01-01T00:00:00.000Z';
await log.append([{ v: 1, type: 'tickSkipped', job: 'a', at, fireTime: at, reason: 'overlap' }]);
const read = await log.eventsAbout('tick/a/', { limit: 5 });
await log.close();
process.stdout.write(`closed after ${read.length}\n`);
