// Opens a data folder, says so, writes as fast as it can, and says the revision of each write that was answered. Or says why it cannot.
import { createEmbeddedCoordination } from '../../src/stores/embedded/coordination.ts';
import { openEmbedded } from '../../src/stores/embedded/env.ts';

const [dir = '', mode] = process.argv.slice(2);
const say = (text: string): void => void process.stdout.write(`${text}\n`);
// Ends with the test, whatever happens to it.
process.stdin.resume().on('end', () => process.exit());
try {
  const env = openEmbedded(dir);
  say(`open ${process.pid}`);
  const store = createEmbeddedCoordination({ env });
  if (mode === 'lease') {
    const lease = await store.grantLease(3_000);
    await store.transact({ then: [{ type: 'put', key: '/cron/workers/a', value: '', lease }] });
    say(`leased ${lease}`);
  }
  for (let n = 0; mode === 'write'; n++) {
    const then = ['a', 'b'].map((half) => ({ type: 'put', key: `/cron/${half}/${n}`, value: 'x'.repeat(1_000) }) as const);
    const { revision } = await store.transact({ then });
    say(`wrote ${n} ${revision}`);
  }
} catch (error) {
  say(`refused ${String(error)}`);
  process.exit();
}
