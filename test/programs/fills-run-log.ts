// Appends runs to the embedded run log of a folder until it is killed; prints the id of each run that was answered as stored.
import { createEmbeddedRunLog } from '../../src/stores/embedded/run-log.ts';
import { openEmbedded } from '../../src/stores/embedded/env.ts';
import { runOf } from '../support/run-events.ts';

// Ends with the test, whatever happens to it.
process.stdin.resume().on('end', () => process.exit());
const log = createEmbeddedRunLog({ env: openEmbedded(process.argv[2] ?? '') });
for (;;) {
  const runs = Array.from({ length: 5 }, () => runOf('a', { chunks: [new Uint8Array(10_000).fill(7)] }));
  await log.append(runs.flatMap(({ events }) => events));
  process.stdout.write(runs.map(({ runId }) => `${runId}\n`).join(''));
}
