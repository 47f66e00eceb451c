import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

withChromium('the console: looks and weight', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { at, save } = web;

  test.each([
    ['light', 400],
    ['dark', 400],
    ['light', 1280],
    ['dark', 1280],
  ] as const)('%s at %d px: no page scrolls sideways, and each has its ground', async (colorScheme, width) => {
    // A name of its own for each: a job that is saved again shows what became of it before, and the click would race with its new run.
    const name = `a-job-with-a-name-that-is-long-enough-to-make-any-table-sweat.and-then-some.${colorScheme}-${String(width)}`;
    await save({
      name,
      command: 'echo "$PATH"',
      tags: ['night', 'a-long-tag'],
    });
    await using page = await at('/', { colorScheme, viewport: { width, height: 800 } });
    const job = page.locator('[data-job]').first();
    await job.getByRole('button', { name: 'Run now' }).click();
    await job.locator('[data-outcome=succeeded]').waitFor();
    const look = () =>
      page.evaluate<readonly [over: number, lightness: number]>(
        `[document.documentElement.scrollWidth - innerWidth, Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])]`,
      );
    const looks = [await look()];
    await job.locator('[data-outcome=succeeded]').click();
    await page.getByRole('region', { name: 'Output' }).waitFor();
    looks.push(await look());
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await page.locator('[data-run]').first().waitFor();
    looks.push(await look());
    await page.getByRole('link', { name: 'Workers', exact: true }).click();
    await page.locator('[data-worker]').waitFor();
    looks.push(await look());
    for (const [over, lightness] of looks) {
      expect(over).toBeLessThanOrEqual(0);
      expect(lightness > 128).toBe(colorScheme === 'light');
    }
    await web.up().api(`/jobs/${name}`, { method: 'DELETE' });
  });
});
