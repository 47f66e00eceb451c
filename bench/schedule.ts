// The schedule and the tick stream at 100,000 jobs, beside cron-parser's own objects in the same run: npm run bench -- schedule. Prints; fails nothing.
import { loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { CronExpressionParser } from 'cron-parser';
import { Subject } from 'rxjs';
import { compileSchedule, type CompiledSchedule } from '../src/domain/schedule/compile.ts';
import { systemClock } from '../src/streams/clock.ts';
import { ticks, type TickInput } from '../src/streams/ticks.ts';

const JOBS = 100_000;
const EXPRESSIONS = 1_000;
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Sydney'];
/** Of cron-parser's objects so many are measured, and the rest is reckoned: all of them would take minutes of blocked loop. */
const SAMPLE = 2_000;

const heapMb = (): number => {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};
/** In processor time, so that other work on the machine does not count. */
const timed = <T>(act: () => T): readonly [ms: number, value: T] => {
  const start = process.cpuUsage();
  const value = act();
  const { user, system } = process.cpuUsage(start);
  return [(user + system) / 1_000, value];
};
const say = (what: string, value: number, unit: string, aim = ''): void =>
  console.log(
    `${what.padEnd(64)} ${value.toFixed(value < 10 ? 2 : 0).padStart(8)} ${unit}${aim === '' ? '' : `   (aim ${aim})`}`,
  );
const wait = (ms: number): Promise<void> => new Promise((done) => void setTimeout(done, ms));
const quantile = (sorted: readonly number[], q: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;

const expression = (n: number): string =>
  [
    n % 60,
    (n * 7) % 24,
    n % 3 === 0 ? '*' : 1 + (n % 28),
    n % 5 === 0 ? 1 + (n % 12) : '*',
    n % 3 === 0 && n % 2 === 0 ? 'MON-FRI' : '*',
  ].join(' ');
const jobs = Array.from({ length: JOBS }, (_, n) => ({
  name: `job-${String(n)}`,
  cronExpr: expression(n % EXPRESSIONS),
  timezone: ZONES[Math.floor(n / EXPRESSIONS) % ZONES.length] ?? 'UTC',
}));
const now = Date.now();

const compile = (text: { name: string; cronExpr: string; timezone: string }): CompiledSchedule => {
  const compiled = compileSchedule(text);
  if (!compiled.ok) throw new Error(`${text.cronExpr}: ${JSON.stringify(compiled.problems)}`);
  return compiled.value;
};

const before = heapMb();
const [oursMs, first] = timed(() => {
  const found: { schedule: CompiledSchedule; next: unknown }[] = [];
  for (const job of jobs) {
    const schedule = compile(job);
    found.push({ schedule, next: schedule.next(now) });
  }
  return found;
});
const oursMb = heapMb() - before;
console.log(
  `${String(JOBS)} jobs, ${String(EXPRESSIONS)} expressions, ${String(ZONES.length)} zones; processor time where nothing else is said; load of the machine ${loadavg()[0]?.toFixed(1) ?? ''}`,
);
say('first fire time of all, compiling included', oursMs, 'ms', '<= 300');
say('heap of it', oursMb, 'MB', '<= 40');
const [againMs] = timed(() => first.reduce((sum, { schedule }) => sum + (schedule.next(now + 86_400_000)?.fireTime ?? 0), 0));
say('fire time of all after another day', againMs, 'ms');

const sample = jobs.filter((_, n) => n % (JOBS / SAMPLE) === 0);
const beforeTheirs = heapMb();
const [theirMs, theirs] = timed(() =>
  sample.map(({ cronExpr, timezone }) => {
    const parsed = CronExpressionParser.parse(cronExpr, { tz: timezone, currentDate: new Date(now) });
    return { parsed, next: parsed.next().getTime() };
  }),
);
const theirMb = heapMb() - beforeTheirs;
say(`cron-parser's objects, one a job (reckoned from ${String(theirs.length)})`, (theirMs * JOBS) / SAMPLE, 'ms');
say('heap of it, reckoned', (theirMb * JOBS) / SAMPLE, 'MB');
say('times faster', (theirMs * JOBS) / SAMPLE / oursMs, 'x', '>= 30');

/** A tick stream that is fed by hand. */
const start = () => {
  const inputs$ = new Subject<TickInput<string>>();
  const lateness: number[] = [];
  let count = 0;
  const subscription = ticks(inputs$, systemClock).subscribe((due) => {
    const at = Date.now();
    for (const each of due) if (each.type === 'tick') lateness.push(at - each.tick.fireTime);
    count += due.length;
  });
  return { inputs$, lateness, count: () => count, stop: () => subscription.unsubscribe() };
};
const plan = (job: string, schedule: CompiledSchedule): TickInput<string> => ({
  type: 'plan',
  job,
  schedule,
  revision: 1,
  from: Date.now(),
  lookBackMs: 60_000,
});

{
  const beforeStream = heapMb();
  const stream = start();
  const [addMs] = timed(() =>
    jobs.forEach(({ name }, n) => stream.inputs$.next(plan(name, first[n]?.schedule as CompiledSchedule))),
  );
  say('planning all in the tick stream', addMs, 'ms');
  say('heap of the planned stream', heapMb() - beforeStream, 'MB');
  const rounds = 20_000;
  const other = compile({ name: 'x', cronExpr: '17 5 * * *', timezone: 'Europe/Berlin' });
  const each = (input: (n: number) => TickInput<string>): number =>
    (timed(() => {
      for (let n = 0; n < rounds; n += 1) stream.inputs$.next(input(n));
    })[0] *
      1_000) /
    rounds;
  say(
    'editing one of them',
    each((n) => plan(`job-${String(n * 5)}`, other)),
    'µs',
    '<= 20',
  );
  say(
    'removing one',
    each((n) => ({ type: 'drop', job: `job-${String(n * 5)}` })),
    'µs',
    '<= 20',
  );
  say(
    'adding one',
    each((n) => plan(`job-${String(n * 5)}`, other)),
    'µs',
    '<= 20',
  );
  stream.stop();
}

{
  const stream = start();
  const at = Math.ceil((Date.now() + 3_000) / 1_000) * 1_000;
  const once = compile({ name: 'x', cronExpr: `@at ${new Date(at).toISOString()}`, timezone: 'UTC' });
  const daily = compile({ name: 'x', cronExpr: '@every 1s', timezone: 'UTC' });
  for (const [n, { name }] of jobs.entries())
    stream.inputs$.next({ ...plan(name, n % 2 === 0 ? once : daily), from: at - 1_000 } as TickInput<string>);
  globalThis.gc?.();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  await wait(at - Date.now() - 200);
  delay.enable();
  while (stream.count() < JOBS) await wait(1);
  const took = Date.now() - at;
  delay.disable();
  say('all due at one instant, told within (wall clock)', took, 'ms', '<= 500');
  say('longest block of the loop meanwhile (wall clock)', delay.max / 1e6, 'ms', '<= 20');
  stream.stop();
}

{
  // 1,500 a second: 15,000 jobs every ten seconds, spread by jitter.
  const seconds = Number(process.argv[2] ?? 20);
  const stream = start();
  for (let n = 0; n < 15_000; n += 1) {
    const compiled = compileSchedule({ name: `spread-${String(n)}`, cronExpr: '*/10 * * * * *', jitterMs: 9_999 });
    if (compiled.ok) stream.inputs$.next(plan(`spread-${String(n)}`, compiled.value));
  }
  await wait(2_000);
  stream.lateness.length = 0;
  const cpu = process.cpuUsage();
  const from = performance.now();
  await wait(seconds * 1_000);
  const used = process.cpuUsage(cpu);
  const took = performance.now() - from;
  const sorted = stream.lateness.toSorted((a, b) => a - b);
  say(`fires a second, for ${String(seconds)} s`, (sorted.length * 1_000) / took, '/s', '1500');
  say('lateness, p50', quantile(sorted, 0.5), 'ms');
  say('lateness, p99', quantile(sorted, 0.99), 'ms', '<= 5');
  say('processor time', ((used.user + used.system) / 1_000 / took) * 100, '% of a core', '<= 15');
  stream.stop();
}
process.exit(0);
