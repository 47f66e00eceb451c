import { afterAll, beforeAll, expect, test } from 'vitest';
import { tooWide, untilAxeIsContent } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

withChromium('the console: overview and history', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 180_000);
  const { at, save, runNow, ended } = web;

  test('with no run ended it says so; then runs are counted while one looks, and lead to what went wrong', async () => {
    await using page = await at('/overview');
    await page.getByRole('heading', { name: 'No run ended in this time' }).waitFor();
    await save({ name: 'good', command: 'true' });
    await save({ name: 'bad', command: 'exit 3' });
    for (const job of ['good', 'bad', 'bad']) await ended(job, await runNow(job));
    await page.locator('[data-sum=failed]').getByText('2', { exact: true }).waitFor();
    await page.locator('[data-sum=succeeded]').getByText('1', { exact: true }).waitFor();
    const top = page.locator('section', { hasText: 'Most failing' }).locator('[data-top=bad]');
    await top.getByText('2 of 2').waitFor();
    await top.getByRole('link', { name: 'bad' }).click();
    await page.waitForURL(/outcome=failed/);
    await page.locator('[data-run]').nth(1).waitFor();
    expect((await web.idsOn(page)).length).toBe(2);
  });

  test('anything that went wrong, and nothing else, in one list', async () => {
    const { items } = await web.up().api<{ items: readonly { job: string }[] }>('/runs?outcome=failed,timedOut,lost');
    expect(items.map(({ job }) => job)).toEqual(['bad', 'bad']);
    await expect(web.up().api('/runs?outcome=failed,nothing')).rejects.toThrow();
  });

  test('an old version of a job is put back from its history', async () => {
    await save({ name: 'kept', command: 'echo one' });
    await save({ name: 'kept', command: 'echo two' });
    await using page = await at('/jobs/kept');
    await page.getByRole('button', { name: 'Show changes' }).click();
    await page.locator('[data-path="/command"]').getByText('echo one').waitFor();
    await page.getByText('as it is now').waitFor();
    await page.locator('[data-change]').last().getByRole('button', { name: 'Put this one back' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Put this one back' }).click();
    await until(
      async () => (await web.up().api<{ job: { command: string } }>('/jobs/kept')).job.command === 'echo one',
      () => 'it is not put back',
    );
    expect((await web.up().api<{ items: readonly unknown[] }>('/jobs/kept/revisions')).items).toHaveLength(3);
  });

  test.each([
    ['light', 400],
    ['dark', 1280],
  ] as const)('%s at %d px: nothing serious, and nothing scrolls sideways', async (colorScheme, width) => {
    await using page = await at('/overview', { colorScheme, viewport: { width, height: 800 } });
    await page.locator('[data-sum=failed]').waitFor();
    await untilAxeIsContent(page);
    expect(await tooWide(page)).toBeLessThanOrEqual(0);
  });
});
