// `npm start`: from a fresh clone to a running cronstream. This file keeps to syntax that Node 12 can read, to tell what is missing.
import process from 'node:process';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

async function start() {
  const { main, root } = await import('./lib/steps.mjs');
  await main(async () => {
    const { build, install } = await import('./lib/prepare.mjs');
    const { handOver } = await import('./lib/hand-over.mjs');
    await install();
    await build();
    return handOver(process.execPath, [`${root}/dist/cli/main.js`, 'up', '--demo', ...process.argv.slice(2)]);
  });
}

if (major > 20 || (major === 20 && minor >= 19)) {
  void start();
} else {
  console.error(
    `cronstream needs Node 20.19 or later, and this is ${process.version} (${process.execPath}).\n` +
      'Install a newer one, for example the LTS release from https://nodejs.org/en/download, and run npm start again.',
  );
  process.exitCode = 1;
}
