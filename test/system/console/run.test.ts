import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

withChromium('the console: a run', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { at, remove, row, save } = web;

  test('output grows while one looks, as text whatever it is; Kill asks once, by name, and the end is seen', async () => {
    await save({
      name: 'long',
      command: `printf '<img src=x onerror=alert(1)> \\033[31mred\\033[0m\\n'; i=0; while true; do i=$((i+1)); echo "line $i"; sleep 0.2; done`,
    });
    await using page = await at('/');
    await row(page, 'long').getByRole('button', { name: 'Run now' }).click();
    await row(page, 'long').getByRole('button', { name: 'Kill' }).waitFor();
    await row(page, 'long').locator('[data-outcome=running]').click();
    const output = page.getByRole('region', { name: 'Output' });
    await output.getByText('line 3').waitFor();
    await output.getByText('line 12').waitFor();
    expect(await output.textContent()).toContain('<img src=x onerror=alert(1)> red\nline 1\nline 2\n');
    expect(await output.getByText('red', { exact: true }).getAttribute('style')).toContain('rgb(255, 123, 114)');
    await page.getByRole('button', { name: 'Kill' }).click();
    await page.getByRole('dialog', { name: 'Kill long?' }).getByRole('button', { name: 'Kill' }).click();
    await page.locator('[data-outcome=killed]').waitFor();
    await page.getByText(/^It was killed by admin after \d/).waitFor();
    // Nothing printed twice: the lines count up by one.
    const numbers = [...((await output.textContent()) ?? '').matchAll(/line (\d+)/g)].map(([, n]) => Number(n));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    await page.getByRole('link', { name: 'Jobs', exact: true }).click();
    await row(page, 'long').locator('[data-outcome=killed]').waitFor();
    await remove('long');
  });
});
