import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

withChromium('the console: keys and the menu', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { at, remove, row, save } = web;

  test('without a mouse: find a job, run it, open it, come back, edit it, and see what the keys are', async () => {
    await Promise.all(['alpha', 'beta', 'gamma'].map((name) => save({ name, command: 'echo hi' })));
    await using page = await at('/');
    await row(page, 'gamma').waitFor();
    const focused = (name: string): Promise<void> => page.locator(`[data-row="${name}"] a:focus`).waitFor();
    await page.keyboard.press('j');
    await focused('alpha');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await focused('gamma');
    await page.keyboard.press('k');
    await focused('beta');
    await page.keyboard.press('r');
    await row(page, 'beta').locator('[data-outcome=succeeded]').waitFor();
    expect(await row(page, 'alpha').locator('[data-outcome]').count()).toBe(0);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/jobs\/beta$/);
    await page.getByRole('heading', { name: 'beta', level: 1 }).waitFor();
    await page.keyboard.press('Escape');
    await page.waitForURL((url) => url.pathname === '/');

    await page.keyboard.press('/');
    await page.keyboard.type('jk alp');
    expect(await page.getByRole('searchbox').inputValue()).toBe('jk alp');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await row(page, 'gamma').waitFor();
    await page.keyboard.press('?');
    const list = page.getByRole('dialog', { name: 'Keys' });
    await list.getByText('Next row').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'detached' });

    await page.keyboard.press('j');
    await page.locator('[data-row] a:focus').waitFor();
    await page.keyboard.press('e');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('n');
    await page.getByRole('dialog').waitFor();
    await Promise.all(['alpha', 'beta', 'gamma'].map(remove));
  });

  test('theme and language are chosen in the menu, and kept', async () => {
    await using page = await at('/', { colorScheme: 'light' });
    const scheme = (): Promise<string> => page.evaluate<string>(`document.documentElement.dataset.mantineColorScheme`);
    await page.getByRole('button', { name: /^Menu/ }).click();
    await page.getByRole('menuitemradio', { name: 'Dark' }).click();
    await page.locator('html[data-mantine-color-scheme=dark]').waitFor();
    expect(await page.getByRole('menuitem', { name: 'API reference' }).getAttribute('href')).toBe('/docs');
    await page.getByRole('menuitemradio', { name: '中文' }).click();
    await page.locator('html[lang=zh-CN]').waitFor();
    await page.getByRole('link', { name: '作业', exact: true }).waitFor();
    expect(await scheme()).toBe('dark');
    await page.getByRole('button', { name: /^菜单/ }).click();
    await page.getByRole('menuitem', { name: '退出登录' }).click();
    await page.getByRole('button', { name: '登录' }).waitFor();
  });
});
