import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

withChromium('the console: signing in', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { newPage, signIn } = web;

  test('signing in leads to the page that was asked for; a wrong token says what to do; a session that ended leads back', async () => {
    await using page = await newPage();
    await page.goto(`${web.up().url}/workers`);
    await page.getByRole('textbox', { name: 'Token' }).fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No master knows this token').waitFor();
    await signIn(page);
    await page.locator('[data-worker]').waitFor();
    await page.context().clearCookies();
    await page.getByRole('link', { name: 'Runs', exact: true }).click();
    await signIn(page);
    await page.getByRole('heading', { name: 'Nothing has run yet' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/runs');
  });
});
