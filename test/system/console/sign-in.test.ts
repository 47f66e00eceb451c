import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { TOKEN } from '../../support/up.ts';

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

  test('without a mouse, with what stands around the token in a header: it leads on to where one wanted', async () => {
    await using page = await newPage();
    await page.goto(`${web.up().url}/runs?outcome=failed`);
    await page.getByText('Then on to: Runs').waitFor();
    await page.keyboard.type(` Bearer ${TOKEN} `);
    await page.keyboard.press('Enter');
    await page.locator('[data-link=up]').waitFor();
    expect(new URL(page.url()).search).toBe('?outcome=failed');
  });

  test('a link that was used before says so, and signing in then leads to the jobs', async () => {
    await using page = await newPage();
    await page.goto(`${web.up().url}/login?code=used-before`);
    await page.getByText('That link has been used or is too old').waitFor();
    await signIn(page);
    await page.getByRole('heading', { name: 'No jobs yet' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/');
  });

  test('in the language of the browser, and in the other by one click', async () => {
    await using page = await newPage({ locale: 'zh-CN' });
    await page.goto(web.up().url);
    await page.getByRole('button', { name: '登录' }).waitFor();
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate<string>('document.documentElement.lang')).toBe('en');
  });

  test.each(['light', 'dark'] as const)('%s: axe finds nothing serious, also beside a mistake', async (colorScheme) => {
    await using page = await newPage({ colorScheme, viewport: { width: 400, height: 800 } });
    await page.goto(web.up().url);
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('No master knows this token').waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });
});
