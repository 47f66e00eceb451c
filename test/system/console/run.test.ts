import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

withChromium('the console: a run', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { at, ended, remove, row, runNow, save } = web;

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

  /** Runs it by REST and waits for its end; answers its id. */
  const ranOnce = async (job: string): Promise<string> => {
    const id = await runNow(job);
    await ended(job, id);
    return id;
  };

  test('why it ended in a sentence; a progress bar as it stood last; found in, downloaded byte by byte, run again', async () => {
    const command = String.raw`printf 'one\n'; for i in 10 60 100; do printf '\r%3d%%' $i; done; printf '\n\033[31mno disk\033[0m\nONE more\n'; exit 3`;
    await save({ name: 'broken', command });
    const id = await ranOnce('broken');
    await using page = await at(`/runs/${id}`);
    await page.getByText(/^It failed: exit code 3 after \d/).waitFor();
    const output = page.getByRole('region', { name: 'Output' });
    await output.getByText('ONE more').waitFor();
    expect(await output.textContent()).toBe('one\n100%\nno disk\nONE more\n');

    await page.keyboard.press('/');
    await page.keyboard.type('one');
    await page.locator('[data-hits="2"]').waitFor();
    await page.getByText('1 of 2').waitFor();
    await page.keyboard.press('Enter');
    await page.getByText('2 of 2').waitFor();
    expect(await output.locator('mark[data-current]').textContent()).toBe('ONE');
    await page.keyboard.press('Enter');
    await page.getByText('1 of 2').waitFor();
    await page.keyboard.press('Shift+Enter');
    await page.getByText('2 of 2').waitFor();
    await page.keyboard.press('Escape');
    await output.locator('mark').first().waitFor({ state: 'detached' });
    expect(await page.evaluate<boolean>('document.activeElement.hasAttribute("data-output")')).toBe(true);

    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()]);
    const chunks: Buffer[] = [];
    for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString('latin1')).toBe('one\n\r 10%\r 60%\r100%\n\x1b[31mno disk\x1b[0m\nONE more\n');

    await page.getByRole('button', { name: 'All about it' }).click();
    await page.getByText('the worker’s own').first().waitFor();
    await page.getByText(id, { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/runs/') && !url.pathname.endsWith(id));
    await page.getByText(/^It failed: exit code 3 after \d/).waitFor();
    await page.getByRole('heading', { level: 1 }).getByRole('link', { name: 'broken' }).click();
    await page.waitForURL(/\/jobs\/broken$/);
    await remove('broken');
  });

  test('follows the end until one scrolls up, says what is new, and follows again', async () => {
    await save({ name: 'ticker', command: 'i=0; while true; do i=$((i+1)); echo "tick $i"; sleep 0.05; done' });
    await using page = await at(`/runs/${await runNow('ticker')}`, { viewport: { width: 1280, height: 500 } });
    const box = page.locator('[data-output]');
    const place = () =>
      page.evaluate<readonly [fromEnd: number, top: number]>(
        `(({ scrollTop, clientHeight, scrollHeight }) => [scrollHeight - clientHeight - scrollTop, scrollTop])(document.querySelector('[data-output]'))`,
      );
    await until(
      async () => ((top) => top > 200)((await place().catch(() => [0, 0] as const))[1]),
      () => 'it does not follow the end',
    );
    expect((await place())[0]).toBeLessThan(60);
    await box.hover();
    await page.mouse.wheel(0, -150);
    const follow = page.getByRole('button', { name: /new lines?$/ });
    await follow.waitFor();
    const [, top] = await place();
    await page.getByRole('button', { name: /\d\d new lines$/ }).waitFor();
    expect((await place())[1]).toBe(top);
    await follow.click();
    await follow.waitFor({ state: 'detached' });
    await until(
      async () => (await place())[1] > top + 150,
      () => 'it does not follow again',
    );
    await remove('ticker');
  });

  test('sixty thousand lines: the end is there, few are drawn, any can be found', async () => {
    await save({ name: 'verbose', command: 'i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo "line $i"; done' });
    const id = await ranOnce('verbose');
    await using page = await at(`/runs/${id}`);
    const output = page.locator('[data-output]');
    await output.getByText('line 60000', { exact: true }).waitFor();
    expect(await output.locator('[data-index]').count()).toBeLessThan(300);
    await page.getByRole('searchbox').fill('line 54321');
    await output.locator('mark[data-current]').waitFor();
    expect(await output.locator('mark[data-current]').textContent()).toBe('line 54321');
    await page.getByRole('button', { name: 'To the end' }).click();
    await output.getByText('line 60000', { exact: true }).waitFor();
    await remove('verbose');
  });

  test('a run that waits says why; taking it out asks once and names the job; then it says by whom', async () => {
    await save({ name: 'homeless', command: 'true', placement: { labels: ['nowhere'] } });
    await using page = await at(`/runs/${await runNow('homeless')}`);
    await page.getByText('No worker is here that may take it.').waitFor();
    await page.getByRole('button', { name: 'Take out' }).click();
    const dialog = page.getByRole('dialog', { name: 'Take homeless out of the queue?' });
    await dialog.getByRole('button', { name: 'Take out' }).click();
    await page.getByText('It was taken out of the queue by admin before it started.').waitFor();
    await page.getByText('It never started, so it printed nothing').waitFor();
    expect(await page.locator('[data-outcome]').getAttribute('data-outcome')).toBe('killed');
    await remove('homeless');
  });

  test('a run that is not there says so', async () => {
    await using page = await at('/runs/01a2-no-such-run');
    await page.getByRole('heading', { name: 'There is no such run' }).waitFor();
    await page.getByText('01a2-no-such-run').waitFor();
    await page.getByRole('link', { name: 'All runs' }).click();
    await page.getByRole('heading', { level: 1, name: 'Runs' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/runs');
  });

  test.each(['light', 'dark'] as const)(
    '%s: axe finds nothing serious, open and closed, and nothing is wider than a phone',
    async (colorScheme) => {
      await save({
        name: 'a-job-with-a-rather-long-name-for-a-phone',
        command: String.raw`printf '\033[31mred\033[0m \033[44mon blue\033[0m\n%0500d\n' 7; exit 1`,
      });
      await using page = await at(`/runs/${await ranOnce('a-job-with-a-rather-long-name-for-a-phone')}`, {
        colorScheme,
        viewport: { width: 400, height: 800 },
      });
      await page.locator('[data-output]').getByText('on blue').waitFor();
      expect(await axeFindings(page)).toEqual([]);
      await page.getByRole('button', { name: 'All about it' }).click();
      await page.getByRole('searchbox').fill('red');
      await page.locator('mark[data-current]').waitFor();
      expect(await axeFindings(page)).toEqual([]);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      await remove('a-job-with-a-rather-long-name-for-a-phone');
    },
  );
});
