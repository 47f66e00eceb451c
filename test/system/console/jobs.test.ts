import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

withChromium('the console: jobs', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { all, at, remove, row, save } = web;

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

  test('more jobs than a page: the rest on demand, each once, while they change; the search is in the address', async () => {
    const names = Array.from({ length: 130 }, (_, n) => `many-${String(n).padStart(3, '0')}`);
    await Promise.all(names.map((name) => save({ name, command: 'true' })));
    await using page = await at('/');
    const namesOn = (): Promise<readonly string[]> => all(page, 'data-job');
    await page.getByText('100 of 130 shown').waitFor();
    await save({ name: 'many-129', command: 'false', tags: ['changed'] });
    await save({ name: 'many-0000', command: 'true' });
    await row(page, 'many-0000').waitFor();
    await page.getByRole('button', { name: 'Load more' }).click();
    await row(page, 'many-129').getByText('changed').waitFor();
    expect(await namesOn()).toEqual([...names, 'many-0000'].toSorted());
    await page.getByRole('searchbox').fill('CHANGED many');
    await page.waitForURL(/q=CHANGED/);
    await until(
      async () => (await namesOn()).join() === 'many-129',
      () => 'the search does not end with one row',
    );
    await page.reload();
    await row(page, 'many-129').waitFor();
    expect(await namesOn()).toEqual(['many-129']);
    await Promise.all([...names, 'many-0000'].map(remove));
  });
});
