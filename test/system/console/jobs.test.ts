import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

withChromium('the console: jobs', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { all, at, remove, row, save } = web;
  // Each test begins without jobs, whatever the one before has left.
  afterEach(async () => {
    const { items } = await web.up().api<{ items: readonly { readonly job: { readonly name: string } }[] }>('/jobs?limit=1000');
    await Promise.all(items.map(({ job }) => remove(job.name)));
  });

  test('no jobs: the example is saved by one click, and seen running without a reload', async () => {
    await using page = await at('/');
    await page.getByRole('button', { name: 'Save this job' }).click();
    const hello = row(page, 'hello');
    await hello.getByText('Every 10 seconds').waitFor();
    await hello.locator('[data-outcome=succeeded]').waitFor();
    expect(await hello.textContent()).toMatch(/in \d+ s|now/);
    await hello.getByRole('switch').click({ force: true });
    await hello.getByText('switched off').waitFor();
    await hello.getByRole('button', { name: 'More for hello' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete hello?' });
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'No jobs yet' }).waitFor();
    expect(await page.getByText('curl -X PUT').count()).toBe(1);
  });

  const namesOn = (page: Page): Promise<readonly string[]> => all(page, 'data-job');

  test('more jobs than a page: the rest by itself, each once, while they change; search and filters are in the address', async () => {
    const names = Array.from({ length: 130 }, (_, n) => `many-${String(n).padStart(3, '0')}`);
    await Promise.all(names.map((name) => save({ name, command: 'true' })));
    await using page = await at('/');
    await page.getByText('130 jobs', { exact: true }).waitFor();
    await save({ name: 'many-129', command: 'false', tags: ['changed'] });
    await save({ name: 'many-0000', command: 'true' });
    await row(page, 'many-0000').waitFor();
    await page.getByText('131 jobs', { exact: true }).waitFor();
    await row(page, 'many-129').getByText('changed').waitFor();
    expect((await namesOn(page)).toSorted()).toEqual([...names, 'many-0000'].toSorted());

    await page.getByRole('searchbox').fill('CHANGED many');
    await page.waitForURL(/q=CHANGED/);
    await page.getByText('1 job found').waitFor();
    expect(await namesOn(page)).toEqual(['many-129']);
    await page.reload();
    await row(page, 'many-129').waitFor();
    expect(await namesOn(page)).toEqual(['many-129']);

    await page.getByRole('button', { name: 'Show all jobs' }).click();
    await page.getByText('131 jobs', { exact: true }).waitFor();
    await row(page, 'many-129').getByRole('link', { name: 'changed' }).click();
    await page.waitForURL(/tag=changed/);
    await page.getByText('1 job found').waitFor();
    // Loses what is asked for while one looks: the row goes. Gains it: it comes.
    await save({ name: 'many-129', command: 'false' });
    await page.getByText('No job fits these filters').waitFor();
    await save({ name: 'many-007', command: 'false', tags: ['changed'] });
    await row(page, 'many-007').waitFor();
  });

  test('filters and orders: by switch, by outcome, by what comes next', async () => {
    await save({ name: 'soon', command: 'exit 3', cronExpr: '0 0 1 1 *' });
    await save({ name: 'later', command: 'true', cronExpr: '0 0 2 1 *' });
    await save({ name: 'off', command: 'true', enabled: false });
    await web.up().api('/jobs/soon/run', { method: 'POST' });
    await using page = await at('/?sort=nextFireTime');
    await row(page, 'soon').locator('[data-outcome=failed]').waitFor();
    expect(await namesOn(page)).toEqual(['soon', 'later', 'off']);
    await page.getByRole('combobox', { name: 'On or off' }).selectOption('Off');
    await page.waitForURL(/enabled=false/);
    await page.getByText('1 job found').waitFor();
    expect(await namesOn(page)).toEqual(['off']);
    await row(page, 'off').getByRole('switch').click({ force: true });
    await page.getByText('No job fits these filters').waitFor();
    await page.getByRole('button', { name: 'Show all jobs' }).first().click();
    await page.getByRole('combobox', { name: 'Last outcome' }).selectOption({ value: 'failed' });
    await page.getByText('1 job found').waitFor();
    expect(await namesOn(page)).toEqual(['soon']);
  });

  test('one of many jobs is reached by scrolling, searching and by keys, and the rows drawn stay few', async () => {
    const count = 300;
    const names = Array.from({ length: count }, (_, n) => `row-${String(n).padStart(4, '0')}`);
    for (let from = 0; from < count; from += 50)
      await Promise.all(names.slice(from, from + 50).map((name) => save({ name, command: 'true', enabled: false })));
    await using page = await at('/');
    await page.getByText('300 jobs', { exact: true }).waitFor();
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
    await row(page, 'row-0299').waitFor();
    expect((await namesOn(page)).length).toBeLessThan(150);
    await page.evaluate('scrollTo(0, 0)');
    await row(page, 'row-0000').waitFor();
    await page.keyboard.press('j');
    for (let n = 0; n < 40; n += 1) await page.keyboard.press('j');
    await page.locator('[data-row="row-0040"] a:focus').waitFor();
    expect(await page.locator('[role=listitem]:has(a:focus)').getAttribute('aria-setsize')).toBe('300');
    await page.keyboard.press('/');
    await page.keyboard.type('row-0222');
    await page.getByText('1 job found').waitFor();
    expect(await namesOn(page)).toEqual(['row-0222']);
  });

  test('a click on a row is not lost when the row changes between press and release', async () => {
    await save({ name: 'pressed', command: 'true' });
    const runOnce = async (): Promise<string> =>
      (await web.up().api<{ runId: string }>('/jobs/pressed/run', { method: 'POST' })).runId;
    await runOnce();
    await using page = await at('/');
    const outcome = row(page, 'pressed').locator('[data-outcome=succeeded]');
    const box = await outcome.boundingBox();
    await page.mouse.move((box?.x ?? 0) + 12, (box?.y ?? 0) + 8);
    await page.mouse.down();
    const second = await runOnce();
    await row(page, 'pressed').locator(`a[href="/runs/${second}"] [data-outcome=succeeded]`).waitFor();
    await page.mouse.up();
    await page.waitForURL(`**/runs/${second}`);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('pressed');
  });

  test.each(['light', 'dark'] as const)('%s: axe finds nothing serious, with rows and without', async (colorScheme) => {
    await using page = await at('/', { colorScheme });
    await page.getByRole('heading', { name: 'No jobs yet' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await save({ name: 'shown', command: 'true', tags: ['night'] });
    await save({ name: 'silent', command: 'true', enabled: false });
    await row(page, 'silent').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: /^Menu/ }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});

withChromium('the console: demo jobs', (executablePath) => {
  const web = createConsole(executablePath, ['--demo']);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);

  test('they say so, and go by one button that asks once', async () => {
    await web.save({ name: 'mine', command: 'true' });
    await using page = await web.at('/');
    await page.getByText('The 4 jobs with the tag “demo”').waitFor();
    await page.getByRole('button', { name: 'Remove demo jobs' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove the demo jobs?' });
    await dialog.getByText('flaky, heartbeat, nightly and report').waitFor();
    await dialog.getByRole('button', { name: 'Remove demo jobs' }).click();
    await page.getByText('1 job', { exact: true }).waitFor();
    await page.locator('[data-demo]').waitFor({ state: 'detached' });
    expect(await web.all(page, 'data-job')).toEqual(['mine']);
  });
});
