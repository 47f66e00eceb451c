import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

withChromium('the console: runs', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { all, at, ended, idsOn, remove, runNow, save } = web;

  /** Starts so many runs by REST and waits until all have ended; answers their ids. */
  const ran = async (job: string, count = 1): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) ids.push(await runNow(job));
    for (const id of ids) await ended(job, id);
    return ids;
  };

  test('no runs: without a job the way to the jobs; with one when it is due, and a button that runs it', async () => {
    await using page = await at('/runs');
    await page.getByText('There is no job that could.').waitFor();
    await save({ name: 'yearly', command: 'echo hi' });
    await page.reload();
    await page.getByText(/^Next is yearly, in \d/).waitFor();
    await page.getByRole('button', { name: 'Run yearly now' }).click();
    await page.locator('[data-run] [data-outcome=succeeded]').waitFor();
    expect(await idsOn(page)).toHaveLength(1);
    await remove('yearly');
  });

  test('filters are in the address, and what comes live respects them', async () => {
    await save({ name: 'good', command: 'echo fine' });
    await save({ name: 'bad', command: 'echo "no space left on device"; exit 2' });
    await ran('good');
    const [first] = await ran('bad');
    await using page = await at('/runs');
    await page.locator(`[data-run="${String(first)}"]`).waitFor();
    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
    await page.waitForURL(/outcome=failed/);
    await page.getByText('1 run', { exact: true }).waitFor();
    expect(await idsOn(page)).toEqual([first]);
    await page.mouse.move(0, 0);
    await ran('good');
    const [second] = await ran('bad');
    await page.locator(`[data-run="${String(second)}"]`).waitFor();
    expect(await idsOn(page)).toEqual([second, first]);
    await page.reload();
    await page.getByText('2 runs', { exact: true }).waitFor();
    expect(await all(page, 'data-outcome')).toEqual(['failed', 'failed']);

    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await page.waitForURL((url) => url.search === '');
    await page.getByRole('combobox', { name: 'Job' }).fill('good');
    await page.waitForURL(/job=good/);
    await page.getByText('2 runs', { exact: true }).waitFor();
    expect(new Set(await all(page, 'data-outcome'))).toEqual(new Set(['succeeded']));
    await page.getByRole('combobox', { name: 'Outcome' }).selectOption('lost');
    await page.getByRole('heading', { name: 'No run is like that' }).waitFor();
    await page.getByRole('button', { name: 'Clear all filters' }).first().click();
    await page.locator(`[data-run="${String(first)}"]`).waitFor();

    await page.getByRole('combobox', { name: 'Time' }).selectOption('1h');
    await page.waitForURL(/since=1h/);
    await page.getByRole('combobox', { name: 'Time' }).selectOption('between');
    await page.waitForURL(/from=/);
    await page.getByLabel('To', { exact: true }).fill('2020-01-01T00:00');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'No run is like that' }).waitFor();
    await remove('good');
    await remove('bad');
  });

  test('what was printed is searched; what has ended since is told, and looked at on demand', async () => {
    await save({ name: 'talker', command: 'echo "the needle of $(date +%N)"' });
    const [first] = await ran('talker');
    await using page = await at('/runs');
    await page.locator(`[data-run="${String(first)}"]`).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('NEEDLE');
    await page.waitForURL(/q=NEEDLE/);
    await page.getByText('1 run', { exact: true }).waitFor();
    expect(await idsOn(page)).toEqual([first]);
    const [second] = await ran('talker');
    await page.getByText('1 more run has ended').waitFor();
    await page.getByRole('button', { name: 'Search again' }).click();
    await page.locator(`[data-run="${String(second)}"]`).waitFor();
    await page.getByText('1 more run has ended').waitFor({ state: 'detached' });
    expect(await idsOn(page)).toEqual([second, first]);
    await remove('talker');
  });

  test('more come as one scrolls; j and Enter open one, Esc comes back', async () => {
    await save({ name: 'busy', command: 'true', overlap: 'allow' });
    const ids = await ran('busy', 130);
    await using page = await at('/runs?job=busy');
    await page.locator('[data-run]').first().waitFor();
    await until(
      async () => {
        await page.mouse.move(640, 500);
        await page.mouse.wheel(0, 4_000);
        return (await page.locator(`[data-run="${ids[0]!}"]`).count()) === 1;
      },
      () => 'the oldest run does not come',
    );
    await page.mouse.wheel(0, -20_000);
    await page.mouse.move(0, 0);
    await page.locator(`[data-run="${ids.at(-1)!}"]`).waitFor();
    await page.keyboard.press('j');
    await page.locator(`[data-run="${ids.at(-1)!}"]:focus`).waitFor();
    await page.keyboard.press('j');
    await page.locator(`[data-run="${ids.at(-2)!}"]:focus`).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/runs/${ids.at(-2)!}$`));
    await page.keyboard.press('Escape');
    await page.waitForURL(/\/runs\?job=busy$/);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('busy');
  });

  test.each(['light', 'dark'] as const)('%s: axe finds nothing serious, with rows and without', async (colorScheme) => {
    await save({ name: 'seen', command: 'exit 1' });
    await ran('seen');
    await using page = await at('/runs', { colorScheme, viewport: { width: 400, height: 800 } });
    await page.locator('[data-run]').first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await page.goto(`${web.up().url}/runs?outcome=lost&from=2026-01-01`);
    await page.getByRole('heading', { name: 'No run is like that' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});
