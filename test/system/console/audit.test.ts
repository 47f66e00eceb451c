import { afterAll, beforeAll, expect, test } from 'vitest';
import { tooWide, untilAxeIsContent } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

withChromium('the console: who changed which job', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 180_000);
  const { at, save, remove } = web;

  test('nobody yet; then each change as it comes, readable, of one job, and the way to its history', async () => {
    await using page = await at('/');
    await page.getByRole('button', { name: /^Menu/ }).click();
    await page.getByRole('menuitem', { name: 'Changes' }).click();
    await page.mouse.move(0, 0);
    await page.getByRole('heading', { name: 'Nobody has changed a job yet' }).waitFor();
    await save({ name: 'backup', command: 'pg_dump all', description: 'nightly' });
    await page.locator('[data-of=backup][data-kind=saved]').getByText('pg_dump all').waitFor();
    await save({ name: 'backup', command: 'pg_dump one', description: 'nightly' });
    await page.locator('[data-of=backup] [data-path="/command"] ins').getByText('pg_dump one').waitFor();
    await save({ name: 'report', command: 'true' });
    await page.locator('[data-of=report]').waitFor();

    await page.locator('[data-of=report]').getByRole('button', { name: 'Only this job: report' }).click();
    await page.locator('[data-of=backup]').first().waitFor({ state: 'detached' });
    expect(new URL(page.url()).search).toBe('?job=report');
    await page.getByRole('textbox', { name: 'Changed by' }).fill('nobody of that name');
    await page.getByRole('heading', { name: 'No such change was found' }).waitFor();
    await page.getByRole('button', { name: 'Clear all filters' }).click();
    await page.locator('[data-of=backup]').first().getByRole('link', { name: 'backup' }).click();
    await page.waitForURL(/\/jobs\/backup#history$/);
    await page.locator('#history [data-path="/command"]').waitFor();
  });

  test('a deleted job is brought back as it was', async () => {
    await save({ name: 'gone', command: 'echo back', description: 'was here' });
    await remove('gone');
    await using page = await at('/audit?job=gone');
    await page.locator('[data-kind=deleted]').getByRole('button', { name: 'Bring it back' }).click();
    await page.getByRole('dialog', { name: 'Bring gone back?' }).getByRole('button', { name: 'Bring it back' }).click();
    // While the pointer is on the list nothing in it moves.
    await page.mouse.move(0, 0);
    await page.locator('[data-change]').nth(2).waitFor();
    expect(await web.up().api('/jobs/gone')).toMatchObject({ job: { command: 'echo back', description: 'was here' } });
  });

  test('pages: older changes are loaded when asked for, each once', async () => {
    for (let n = 0; n < 55; n += 1) await save({ name: 'many', command: `echo ${String(n)}` });
    await using page = await at('/audit?job=many');
    await page.locator('[data-change]').first().waitFor();
    expect(await page.locator('[data-change]').count()).toBe(50);
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.locator('[data-change]').nth(54).waitFor();
    const ids = await web.all(page, 'data-change');
    expect(new Set(ids).size).toBe(55);
    expect(ids).toEqual([...ids].sort().reverse());
  });

  test.each([
    ['light', 400],
    ['dark', 1280],
  ] as const)('%s at %d px: nothing serious for who sees badly, and nothing scrolls sideways', async (colorScheme, width) => {
    await save({ name: 'wide', command: `echo ${'long'.repeat(80)}` });
    await save({ name: 'wide', command: `echo ${'longer'.repeat(80)}` });
    await using page = await at('/audit', { colorScheme, viewport: { width, height: 800 } });
    await page.locator('[data-of=wide] ins').first().waitFor();
    await untilAxeIsContent(page);
    expect(await tooWide(page)).toBeLessThanOrEqual(0);
  });
});
