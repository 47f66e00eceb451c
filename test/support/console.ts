// The console in a real browser, on a real `up`, for the tests of its pages.
import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { until } from './process.ts';
import { newFolder, removeFolder, startUp, TOKEN } from './up.ts';

type Up = Awaited<ReturnType<typeof startUp>>;
type Started = { up: Up; readonly browser: Browser; readonly folder: string };

const LIMIT = { timeout: 60_000 };
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--disable-sync'];

/** One `up` and one browser for a file of tests: `start` in beforeAll, `end` in afterAll. */
export const createConsole = (executablePath: string, args: readonly string[] = []) => {
  let started: Started | undefined;
  /** What a page complained about: a script that broke, or something that its policy forbids. */
  const complaints: string[] = [];
  const here = (): Started => {
    if (!started) throw new Error('start() first');
    return started;
  };

  const newPage = async (options: BrowserContextOptions = {}): Promise<Page & AsyncDisposable> => {
    // The language is the tests': their texts are English.
    const context = await here().browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT.timeout);
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text());
    });
    return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() });
  };
  /** On the sign-in, in English or Chinese. */
  const signIn = async (page: Page): Promise<void> => {
    await page.getByRole('textbox', { name: /Token|令牌/ }).fill(TOKEN);
    await page.getByRole('button', { name: /Sign in|登录/ }).click();
    await page.locator('[data-link=up]').waitFor();
  };
  /** An attribute of all elements that have it, in order. As text: the tests' own types know no browser. */
  const all = (page: Page, attribute: string): Promise<readonly string[]> =>
    page.evaluate<string[]>(`[...document.querySelectorAll('[${attribute}]')].map((each) => each.getAttribute('${attribute}'))`);

  return {
    start: async (): Promise<void> => {
      const folder = newFolder();
      const [up, browser] = await Promise.all([startUp({ data: folder, args }), chromium.launch({ executablePath, args: ARGS })]);
      started = { up, browser, folder };
    },
    end: async (): Promise<void> => {
      if (!started) return;
      await started.browser.close();
      await started.up.stop();
      removeFolder(started.folder);
      expect(complaints).toEqual([]);
    },
    /** The process as it is now; another one after `startAgain`. */
    up: (): Up => here().up,
    stopUp: async (): Promise<void> => {
      await here().up.stop();
    },
    /** The same folder and port, after `stopUp`. */
    startAgain: async (): Promise<void> => {
      const { up, folder } = here();
      here().up = await startUp({ data: folder, port: up.port, args });
    },
    newPage,
    signIn,
    /** Signed in, at an address, with the link up. */
    at: async (path: string, options?: BrowserContextOptions) => {
      const page = await newPage(options);
      await page.goto(here().up.url + path);
      await signIn(page);
      return page;
    },
    /** Saves by REST; once a year unless `cronExpr` is given. */
    save: (job: Record<string, unknown>): Promise<unknown> =>
      here().up.api(`/jobs/${String(job['name'])}`, { method: 'PUT', body: { cronExpr: '0 0 1 1 *', ...job } }),
    /** Runs a job by REST; answers the run's id. */
    runNow: async (job: string): Promise<string> =>
      (await here().up.api<{ runId: string }>(`/jobs/${job}/run`, { method: 'POST', body: {} })).runId,
    /** Waits for the end of a run of a job. */
    ended: (job: string, id: string): Promise<void> =>
      until(
        async () =>
          (
            await here()
              .up.api<{ state: string }>(`/runs/${id}`)
              .catch(() => undefined)
          )?.state === 'finished',
        () => `${job} does not end`,
      ),
    remove: (job: string): Promise<unknown> => here().up.api(`/jobs/${job}?kill=true`, { method: 'DELETE' }),
    row: (page: Page, job: string): Locator => page.locator(`[data-job="${job}"]`),
    all,
    idsOn: (page: Page): Promise<readonly string[]> => all(page, 'data-run'),
  };
};
