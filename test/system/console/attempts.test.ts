import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

withChromium('the console: attempts and time limits', (executablePath) => {
  const web = createConsole(executablePath);
  const folder = mkdtempSync(join(tmpdir(), 'cronstream-attempts-'));
  beforeAll(web.start, 180_000);
  afterAll(async () => {
    await web.end();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);
  const { at, remove, runNow, save } = web;
  /** CRONSTREAM_TEST_SHOTS: a folder for pictures, for whoever wants to look. */
  const shot = async (page: Awaited<ReturnType<typeof at>>, name: string): Promise<void> => {
    const to = process.env['CRONSTREAM_TEST_SHOTS'];
    if (to !== undefined) await page.screenshot({ path: join(to, `${name}.png`) });
  };

  test('a run between its attempts says how the last one ended and when the next starts; each attempt is a tab; ending it is asked in its own words', async () => {
    await save({
      name: 'flaky',
      command: 'echo "this is attempt $CRON_ATTEMPT"; exit 3',
      retry: { max: 4, delayMs: 10, factor: 100 },
    });
    await using page = await at(`/runs/${await runNow('flaky')}`);
    // The second starts at once, the third after a second, the fourth after 100.
    await page.getByText(/Attempt 3: failed, exit 3\. Attempt 4 starts in 1 min/).waitFor();
    await page.locator('[data-outcome=queued]').waitFor();
    const output = page.getByRole('region', { name: 'Output' });
    await output.getByText('this is attempt 3').waitFor();
    await page.locator('[data-attempt="1"]').click();
    await output.getByText('this is attempt 1').waitFor();
    expect(await page.locator('[data-attempt]').allTextContents()).toEqual([
      expect.stringContaining('Attempt 3'),
      expect.stringContaining('Attempt 2'),
      expect.stringContaining('Attempt 1'),
    ]);
    await shot(page, 'between-attempts');
    expect(await axeFindings(page)).toEqual([]);

    await page.getByRole('button', { name: 'Kill' }).click();
    const dialog = page.getByRole('dialog', { name: 'End this run of flaky?' });
    await dialog.getByText('No further attempt is made').waitFor();
    await dialog.getByRole('button', { name: 'Kill' }).click();
    await page.getByText('It was killed by admin before its next attempt.').waitFor();
    await page.getByText('It took 3 attempts.').waitFor();
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.locator('[data-run]').getByText('Attempt 3').waitFor();
    await shot(page, 'runs');
    await remove('flaky');
  });

  test('a run that is past its time limit says so on its page and in its row', async () => {
    const go = join(folder, 'go');
    const command = `while [ ! -e ${go} ]; do sleep 0.1; done`;
    await save({ name: 'slow', command, timeout: { afterMs: 500, action: 'alert' } });
    await using page = await at(`/runs/${await runNow('slow')}`);
    await page.getByText(/It passed its time limit/).waitFor();
    await shot(page, 'overdue');
    // The overview says so as well, with ways to the run and to the job; and it asks once for all that it shows.
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
    const told = page.locator('[data-overdue=slow]');
    await told.getByRole('link', { name: /over its limit for/ }).waitFor();
    expect(await told.getByRole('link', { name: 'slow' }).getAttribute('href')).toBe('/jobs/slow');
    expect(asked.filter((url) => url.includes('/stats'))).toHaveLength(1);
    await shot(page, 'overdue-overview');
    await told.getByRole('link', { name: /over its limit for/ }).click();
    await page.getByText(/It passed its time limit/).waitFor();
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.locator('[data-overdue]').waitFor();
    await shot(page, 'overdue-row');
    await page.locator('[data-run]').filter({ hasText: 'slow' }).click();
    writeFileSync(go, '');
    await page.getByText(/It succeeded after .*It was past its time limit for/).waitFor();
    expect(await page.locator('[data-outcome]').getAttribute('data-outcome')).toBe('succeeded');
    await remove('slow');
  });

  test('a run that was abandoned says so while its command goes on, and shows what that prints', async () => {
    const go = join(folder, 'later');
    const command = `echo begun; while [ ! -e ${go} ]; do sleep 0.1; done; echo "and later"`;
    await save({ name: 'left', command, timeout: { afterMs: 500, action: 'abandon' } });
    await using page = await at(`/runs/${await runNow('left')}`);
    await page.getByText(/it counts as timed out, and its command was let go on/).waitFor();
    const still = page.locator('[data-still-runs]');
    await still.getByText('Its command still runs').waitFor();
    const pid = (await still.getAttribute('data-still-runs')) ?? '';
    await still.getByText(`kill -- -${pid}`).waitFor();
    // The process that is named leads the group that this command ends.
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2]).toBe(pid);
    expect(existsSync(go)).toBe(false);
    await shot(page, 'abandoned');
    writeFileSync(go, '');
    await still.waitFor({ state: 'detached' });
    await page.getByRole('region', { name: 'Output' }).getByText('and later').waitFor();
    await page.getByText(/let go on\. That ended with exit code 0 after/).waitFor();
    await remove('left');
  });

  test('the command of a run that was abandoned is killed from its page', async () => {
    await save({ name: 'left', command: 'exec sleep 1000', timeout: { afterMs: 300, action: 'abandon' } });
    await using page = await at(`/runs/${await runNow('left')}`);
    const still = page.locator('[data-still-runs]');
    await still.getByRole('button', { name: 'Kill' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Kill' }).click();
    await still.waitFor({ state: 'detached' });
    const told = page.getByText(/That was ended by SIGTERM/);
    await told.waitFor();
    expect(await told.innerText()).toContain('it counts as timed out');
    await remove('left');
  });

  test('the form offers further attempts and what a time limit does', async () => {
    await using page = await at('/new-job');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('offered');
    await page.getByRole('textbox', { name: 'Command', exact: true }).fill('true');
    await page.getByRole('button', { name: /If it fails or hangs/ }).click();
    await page.getByRole('textbox', { name: 'Timeout', exact: true }).fill('2h');
    await page.getByRole('radio', { name: 'Let it go on' }).check();
    await page.getByRole('textbox', { name: 'Further attempts' }).fill('3');
    await page.getByLabel('Only after exit codes').first().fill('75');
    await page.keyboard.press('Enter');
    await shot(page, 'form');
    await page.keyboard.press('Control+Enter');
    await until(
      async () => (await web.up().api<{ items: unknown[] }>('/jobs?q=offered&limit=5')).items.length === 1,
      () => 'it was not saved',
    );
    const { job } = await web.up().api<{ job: object }>('/jobs/offered');
    expect(job).toMatchObject({ timeout: { afterMs: 7_200_000, action: 'abandon' }, retry: { max: 3, on: [75] } });
    await remove('offered');
  });
});
