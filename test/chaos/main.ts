// `npm run chaos -- --minutes 5 --seed N`: prints the faults as they come, and the verdict. Exit code 0: every promise held; 1: one did not, or the run could not be made.
import { parseArgs } from 'node:util';
import { BREAKS, isBreak, minutesOf } from './breaks.ts';
import { FAULT_KINDS, type FaultKind } from './plan.ts';
import { FULL, runChaos, SMALL } from './run.ts';
import { verdictText } from './verdict.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    small: { type: 'boolean', default: false },
    break: { type: 'string' },
    kinds: { type: 'string' },
    every: { type: 'string' },
    network: { type: 'string', default: 'auto' },
    help: { type: 'boolean', default: false },
  },
});
const usage = `npm run chaos -- [--minutes 5] [--seed N] [--small] [--kinds ${FAULT_KINDS.slice(0, 3).join(',')},…] [--every seconds] [--network auto|proxies] [--break ${Object.keys(BREAKS).join('|')}]`;
const kinds = values.kinds?.split(',');
const unknown = kinds?.filter((kind) => !(FAULT_KINDS as readonly string[]).includes(kind)) ?? [];
const leftOut = values.break;
if (
  values.help ||
  unknown.length > 0 ||
  (leftOut !== undefined && !isBreak(leftOut)) ||
  !(Number(values.minutes) > 0) ||
  !Number.isInteger(Number(values.seed))
) {
  process.stderr.write(`${usage}\nkinds: ${FAULT_KINDS.join(', ')}\n`);
  process.exit(2);
}
const rule = leftOut !== undefined && isBreak(leftOut) ? leftOut : undefined;
/** Where a rule is left out, the faults under which it is needed are enough. */
const isSmall = values.small || rule !== undefined;
// What was started ends with this process, also on Ctrl-C.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
try {
  const result = await runChaos({
    minutes: rule ? minutesOf(rule) : Number(values.minutes),
    seed: Number(values.seed),
    shape: isSmall ? SMALL : FULL,
    isSmall,
    leftOut: rule,
    plan: rule && BREAKS[rule].faults,
    kinds: kinds as readonly FaultKind[] | undefined,
    everyMs: values.every === undefined ? undefined : Number(values.every) * 1_000,
    network: values.network === 'proxies' ? 'proxies' : 'auto',
    say: (line) => void process.stdout.write(`${line}\n`),
  });
  process.stdout.write(`\n${verdictText(result)}\n`);
  process.exit(result.violations.length === 0 ? 0 : 1);
} catch (error) {
  process.stderr.write(
    `the chaos run could not be made: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
}
