// The console in a real browser, on a real `up`: what its user does, as the user sees it. Run `npm run build` before.
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withChromium } from '../support/needs.ts';
import { newFolder, removeFolder, startUp, TOKEN } from '../support/up.ts';
import { until } from '../support/process.ts';

type Up = Awaited<ReturnType<typeof startUp>>;
type Run = { readonly id: string; readonly job: string; readonly state: string; readonly outcome?: string };

const LIMIT = { timeout: 60_000 };

withChromium('the console', (executablePath) => {
  let folder: string;
  let up: Up;
  let browser: Browser;
  /** What a page complained about: a script that broke, or something that its policy forbids. */
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = newFolder();
    [up, browser] = await Promise.all([
      startUp({ data: folder }),
      chromium.launch({
        executablePath,
        args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-sync'],
      }),
    ]);
  }, 180_000);
  afterAll(async () => {
    await browser.close();
    await up.stop();
    removeFolder(folder);
    expect(complaints).toEqual([]);
  }, 60_000);

  const newPage = async (options: BrowserContextOptions = {}): Promise<Page & AsyncDisposable> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT.timeout);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text());
    });
    return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() });
  };
  const signIn = async (page: Page): Promise<void> => {
    await page.getByRole('textbox', { name: 'Token' }).fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('[data-link=up]').waitFor();
  };
  /** Signed in, at an address, with the link up. */
  const at = async (path: string, options?: BrowserContextOptions) => {
    const page = await newPage(options);
    await page.goto(up.url + path);
    await signIn(page);
    return page;
  };
  const row = (page: Page, job: string): Locator => page.locator(`[data-job="${job}"]`);
  const save = (job: Record<string, unknown>): Promise<unknown> =>
    up.api(`/jobs/${String(job['name'])}`, { method: 'PUT', body: { cronExpr: '0 0 1 1 *', ...job } });
  const remove = (job: string): Promise<unknown> => up.api(`/jobs/${job}?kill=true`, { method: 'DELETE' });
  /** An attribute of all elements that have it, in order. As text: the tests' own types know no browser. */
  const all = (page: Page, attribute: string): Promise<readonly string[]> =>
    page.evaluate<string[]>(`[...document.querySelectorAll('[${attribute}]')].map((each) => each.getAttribute('${attribute}'))`);
  const idsOn = (page: Page): Promise<readonly string[]> => all(page, 'data-run');

  test('signing in leads to the page that was asked for; a wrong token says what to do; a session that ended leads back', async () => {
    await using page = await newPage();
    await page.goto(`${up.url}/workers`);
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
    await page.getByText('somebody asked for it').waitFor();
    // Nothing printed twice: the lines count up by one.
    const numbers = [...((await output.textContent()) ?? '').matchAll(/line (\d+)/g)].map(([, n]) => Number(n));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    await page.getByRole('link', { name: 'Jobs', exact: true }).click();
    await row(page, 'long').locator('[data-outcome=killed]').waitFor();
    await remove('long');
  });

  test('the editor: what a schedule means while it is typed, errors at their place, and a save over somebody else’s is not silent', async () => {
    await using page = await at('/');
    await page.getByRole('button', { name: 'New job' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('a/b');
    await page.getByRole('textbox', { name: 'Command' }).fill('echo hi');
    await page.getByRole('textbox', { name: 'Cron text' }).fill('0 3 32 * *');
    await page.getByText(/day of month.*32/).waitFor();
    await page.getByRole('textbox', { name: 'Cron text' }).fill('0 3 * * *');
    await page.getByText('At 03:00').waitFor();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('"/" is reserved').waitFor();
    expect(await page.getByRole('textbox', { name: 'Name' }).getAttribute('aria-invalid')).toBe('true');
    await page.getByRole('textbox', { name: 'Name' }).fill('edited');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await row(page, 'edited').waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await row(page, 'edited').getByRole('button', { name: 'More for edited' }).click();
    await page.getByRole('menuitem', { name: 'Edit' }).click();
    await page.getByRole('textbox', { name: 'Command' }).fill('echo mine');
    await save({ name: 'edited', command: 'echo theirs' });
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('Somebody else has saved').waitFor();
    await page.getByRole('button', { name: 'Load theirs' }).click();
    await until(
      async () => (await page.getByRole('textbox', { name: 'Command' }).inputValue()) === 'echo theirs',
      () => 'theirs is not shown',
    );
    await page.getByRole('button', { name: 'All fields, as JSON' }).click();
    await page
      .getByRole('textbox', { name: 'Job' })
      .fill('{"name": "edited", "command": "echo json", "cronExpr": "0 4 * * *", "tags": ["night"]}');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await row(page, 'edited').getByText('night').waitFor();
    expect(await up.api<{ job: unknown }>('/jobs/edited')).toMatchObject({ job: { command: 'echo json', tags: ['night'] } });
    await remove('edited');
  });

  test('a lost link is told with its time, and heals without losing or doubling a row', async () => {
    await save({ name: 'steady', command: 'echo hi' });
    /** The first asking after a restart may meet a connection that the old process left. */
    const runs = async (): Promise<readonly Run[]> =>
      (await up.api<{ items: readonly Run[] }>('/runs?job=steady&limit=500').catch(() => undefined))?.items ?? [];
    const runOnce = async (): Promise<void> => {
      const before = (await runs()).length;
      let asked = false;
      await until(
        async () => {
          asked ||= await up.api('/jobs/steady/run', { method: 'POST' }).then(
            () => true,
            () => false,
          );
          const all = asked ? await runs() : [];
          return all.length > before && all.every(({ state }) => state === 'finished');
        },
        () => `a run of steady did not end:\n${up.printed().slice(-2_000)}`,
      );
    };
    await runOnce();
    await runOnce();
    await using page = await at('/runs?job=steady');
    await page.locator('[data-run]').nth(1).waitFor();
    const { port } = up;
    await up.stop();
    await page.locator('[data-link=down]').waitFor();
    await page.getByText(/No link to the master for \d+ s, since/).waitFor();
    expect(await idsOn(page)).toHaveLength(2);
    up = await startUp({ data: folder, port });
    await runOnce();
    await page.locator('[data-link=up]').waitFor();
    await runOnce();
    const known = (await runs()).map(({ id }) => id);
    let shown: readonly string[] = [];
    await until(
      async () => {
        shown = await idsOn(page);
        return shown.join() === known.join();
      },
      () => `shown ${shown.join()}\nknown ${known.join()}`,
    );
    expect(known).toHaveLength(4);
    await remove('steady');
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

  // Once, on a machine under load 10, the row of a job that was deleted and saved again did not come before a reload: not explained yet.
  const LOOKS = { retry: 1 };
  test.each([
    ['light', 400],
    ['dark', 400],
    ['light', 1280],
    ['dark', 1280],
  ] as const)('%s at %d px: no page scrolls sideways, and each has its ground', LOOKS, async (colorScheme, width) => {
    await save({
      name: 'a-job-with-a-name-that-is-long-enough-to-make-any-table-sweat.and-then-some',
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
    await up.api(`/jobs/a-job-with-a-name-that-is-long-enough-to-make-any-table-sweat.and-then-some`, { method: 'DELETE' });
  });

  test('the first page is below 300 kB on the wire, and its code is cut by page', async () => {
    await using page = await at('/');
    const sizes = await page.evaluate<(readonly [path: string, bytes: number])[]>(
      `[...performance.getEntriesByType('resource'), ...performance.getEntriesByType('navigation')]
        .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize])
        .filter(([path]) => !path.startsWith('/api/'))`,
    );
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    expect(total).toBeGreaterThan(50_000);
    expect(total).toBeLessThan(300_000);
    expect(sizes.some(([path]) => /workers|editor/.test(path))).toBe(false);
  });
});
