import { Command } from 'commander';
import { afterEach, expect, test, vi } from 'vitest';
import { addJobCommands } from '../../../src/cli/commands/job.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** What a command asks for, and what it prints, where the master answers so. */
const said = async (args: readonly string[], answer: (path: string) => Response) => {
  const asked: string[] = [];
  const printed: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url.replace(/^.*\/api\/v1/, ''));
    return Promise.resolve(answer(url));
  });
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0);
  const program = new Command();
  addJobCommands(program);
  const failure = await program.parseAsync(['job', ...args], { from: 'user' }).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return { asked, printed: printed.join(''), failure };
};

const backfill = ['backfill', 'report', '--from', '2027-01-29', '--to', '2027-01-31'];

test.each([
  [{ runId: 'r1' }, 'cronstream job kill report --run r1\n'],
  [{ runId: 'r1', runIds: ['r1', 'r2'] }, 'cronstream job kill report --run r1 r2\n'],
])('a backfill of %j says how to end what waits of it and nothing else', async (ids, command) => {
  const { printed } = await said(backfill, () => Response.json({ count: 3, first: 'a', last: 'b', ...ids }));
  expect(printed.endsWith(command)).toBe(true);
});

test('kill --run ends those runs, also where one of them has ended, and leaves the rest of the job', async () => {
  const { asked, failure } = await said(['kill', 'report', '--run', 'r1', 'r2'], (url) =>
    url.includes('r1') ? Response.json({ title: 'The run has ended.' }, { status: 409 }) : Response.json({ runId: 'r2' }),
  );
  expect(asked).toStrictEqual(['/runs/r1/kill', '/runs/r2/kill']);
  expect(failure).toContain('The run has ended.');
});

test('kill without --run ends all of the job', async () => {
  const { asked, failure } = await said(['kill', 'report'], () => Response.json({ runIds: ['r1'] }));
  expect([asked, failure]).toStrictEqual([['/jobs/report/kill'], undefined]);
});
