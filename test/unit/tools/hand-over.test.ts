import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../../scripts/lib/steps.mjs';
import { until } from '../../support/process.ts';

const CHILD = `
  let interrupts = 0;
  process.on('SIGINT', () => console.log('interrupt', ++interrupts));
  process.on('SIGTERM', () => process.exit(interrupts === 1 ? 7 : 8));
  setInterval(() => {}, 1000);
  console.log('ready');
`;

function wrapped(code: string) {
  const module = JSON.stringify(join(root, 'scripts/lib/hand-over.mjs'));
  const script = `import { handOver } from ${module}; process.exitCode = await handOver(process.execPath, ['-e', process.argv[1]]);`;
  const wrapper = spawn(process.execPath, ['--input-type=module', '-e', script, code], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  wrapper.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const says = (text: string) =>
    until(
      () => output.includes(text),
      () => output,
    );
  return { wrapper, says, exit: once(wrapper, 'exit') };
}

test('one Ctrl-C, which comes from the terminal and from npm, reaches the program once, and its exit code comes back', async () => {
  const { wrapper, says, exit } = wrapped(CHILD);
  await says('ready');
  wrapper.kill('SIGINT');
  wrapper.kill('SIGINT');
  await says('interrupt 1');
  wrapper.kill('SIGTERM');
  expect(await exit).toEqual([7, null]);
});

test('a program that a signal ended is told as a shell would', async () => {
  const { exit } = wrapped(`process.kill(process.pid, 'SIGKILL')`);
  expect(await exit).toEqual([137, null]);
});
