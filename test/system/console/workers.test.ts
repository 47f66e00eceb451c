import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page, WebSocketRoute } from 'playwright-core';
import type { WorkerView } from '../../../src/domain/wire.ts';
import { tooWide, untilAxeIsContent } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

type Workers = {
  readonly items: readonly { readonly id: string; readonly name: string; readonly draining: boolean }[];
  readonly asOf: string;
};

withChromium('the console: workers', (executablePath) => {
  const web = createConsole(executablePath, ['--labels', 'web,region=eu', '--slots', '7']);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 180_000);
  const { at, remove, save } = web;
  const workers = (): Promise<Workers> => web.up().api<Workers>('/workers');

  test('what runs where, how full; drain asks once and says what it means, resume is at hand', async () => {
    await save({ name: 'long', command: 'sleep 600' });
    await using page = await at('/workers');
    const row = page.locator('[data-worker]');
    await row.getByText('0 of 7 slots').waitFor();
    for (const label of ['web', 'region=eu']) await row.getByText(label, { exact: true }).waitFor();
    await web.up().api('/jobs/long/run', { method: 'POST' });
    await row.getByText('1 of 7 slots').waitFor();
    expect(await row.getByRole('progressbar').getAttribute('aria-valuenow')).toMatch(/^14/);
    const [worker] = (await workers()).items;
    await row.getByRole('button', { name: 'Drain' }).click();
    const dialog = page.getByRole('dialog', { name: `Drain ${worker?.name ?? ''}?` });
    await dialog.getByText('takes nothing new').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect((await workers()).items.map(({ draining }) => draining)).toEqual([false]);
    await row.getByRole('button', { name: 'Drain' }).click();
    await dialog.getByRole('button', { name: 'Drain' }).click();
    await row.getByText('takes nothing new').waitFor();
    await page.getByText('1 drains').waitFor();
    expect((await workers()).items.map(({ draining }) => draining)).toEqual([true]);
    await row.getByRole('button', { name: 'Resume' }).click();
    await row.getByRole('button', { name: 'Drain' }).waitFor();
    await row.getByRole('link', { name: /long/ }).click();
    await page.waitForURL(/\/runs\//);
    await remove('long');
  });

  test('a worker that leaves is greyed for a moment; with none left the page says how to start one', async () => {
    const { items, asOf } = await workers();
    const id = items[0]?.id ?? '';
    await using page = await web.newPage();
    const sockets: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/api\/v1\/live/, (socket) => {
      socket.connectToServer();
      sockets.push(socket);
    });
    await page.goto(`${web.up().url}/workers`);
    await web.signIn(page);
    const row = page.locator('[data-worker]');
    await row.getByText('0 of 7 slots').waitFor();
    // Only its own row may leave: the worker here is part of the master's process.
    const left = { topic: 'workers', type: 'event', event: { type: 'workerLeft', id }, asOf: String(Number(asOf) + 1_000_000) };
    sockets.at(-1)?.send(JSON.stringify(left));
    await page.locator('[data-worker][data-gone]').getByText('has left').waitFor();
    expect(await row.getByRole('button', { name: 'Drain' }).count()).toBe(0);
    await page.getByRole('heading', { name: 'No worker is here, so nothing can run' }).waitFor();
    await page.getByText('cronstream worker --etcd').waitFor();
    await row.waitFor({ state: 'detached' });
  });

  /** The workers that the page is told of at first, made from the one that is there. */
  const told = async (page: Page, make: (real: WorkerView) => readonly Partial<WorkerView>[]): Promise<void> => {
    await page.route(/\/api\/v1\/workers(\?|$)/, async (route) => {
      const answer = await route.fetch();
      if (!answer.ok()) return route.fulfill({ response: answer }); // before the sign-in
      const { items, ...rest } = (await answer.json()) as { readonly items: readonly WorkerView[] };
      const [real] = items;
      if (!real) throw new Error('no worker is here');
      const made = make(real).map((each, index) => ({ ...real, id: `made-${String(index)}`, running: [], ...each }));
      await route.fulfill({ response: answer, json: { ...rest, items: made } });
    });
    await page.goto(`${web.up().url}/workers`);
    await web.signIn(page);
  };

  test('a worker says what is not right with it, in words: drains, not in sync, clock, spool; and what it may run', async () => {
    await using page = await web.newPage();
    await told(page, () => [
      { name: 'a-drains', draining: true },
      { name: 'b-unsynced', passes: 'unsynced' },
      { name: 'c-skewed', passes: 'skewed', clockOffsetMs: 90_000 },
      { name: 'd-slow', clockOffsetMs: -600, spoolBytes: 900, spoolLimitBytes: 1000, spoolCutBytes: 2048, setAside: 3 },
      { name: 'd-behind', spoolWaiting: 1_200, spoolOldestAt: new Date(Date.now() - 120_000).toISOString() },
      { name: 'e-fine', clockOffsetMs: 12, allow: ['a', 'b', 'c', 'd', 'e', 'f-*'], users: ['mail', 'backup'] },
    ]);
    const row = (name: string) => page.locator(`[data-worker=${name}]`);
    await row('a-drains').getByText('drains: takes nothing new').waitFor();
    await row('b-unsynced').locator('[data-passes=unsynced]').getByText('not in sync: takes nothing').waitFor();
    await row('c-skewed').locator('[data-passes=skewed]').getByText('clock is off: takes nothing').waitFor();
    await row('c-skewed').getByText('! clock 1 min 30 s ahead').waitFor();
    await row('d-slow')
      .getByText(/! clock .* behind/)
      .waitFor();
    for (const text of [/nearly full/, /of output thrown away/, /3 events refused/])
      await row('d-slow').getByText(text).waitFor();
    await row('d-behind').getByText('! 1,200 ended runs wait').waitFor();
    const fine = row('e-fine');
    expect(await fine.locator('[data-passes]').count()).toBe(0);
    expect(await fine.getByText('!').count()).toBe(0);
    await fine.locator('[data-names=users]').getByText('backup', { exact: true }).waitFor();
    const allowed = fine.locator('[data-names=allow]');
    expect(await allowed.getByText('f-*').count()).toBe(0);
    await allowed.getByRole('button', { name: 'and 1 more' }).click();
    await allowed.getByText('f-*').waitFor();
  });

  test('of many workers one is found by what it has, and those that somebody should look at', async () => {
    await using page = await web.newPage();
    await told(page, () =>
      Array.from({ length: 50 }, (_, index) => ({
        name: `node-${String(index).padStart(2, '0')}`,
        labels: index % 2 === 0 ? ['gpu'] : ['web'],
        draining: index === 7,
        lastSeenAt: new Date(Date.now() + 600_000).toISOString(),
      })),
    );
    const rows = page.locator('[data-worker^=node-]');
    await rows.nth(49).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('GPU node-1');
    await until(
      async () => (await rows.count()) === 5,
      () => 'the rows that were looked for',
    );
    await page.waitForURL(/q=GPU/);
    await page.getByRole('searchbox').fill('nothing like it');
    await page.getByText('No worker is like that').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    await rows.nth(49).waitFor();
    await page.getByRole('button', { name: '1 to look at' }).click();
    await page.locator('[data-worker=node-08]').waitFor({ state: 'detached' });
    await page.locator('[data-worker=node-07]').getByText('drains').waitFor();
    expect(await rows.count()).toBe(1);
  });

  test.each([
    ['light', 400],
    ['dark', 1280],
  ] as const)(
    '%s at %d px: nothing serious for who sees badly or uses no mouse, and nothing scrolls sideways',
    async (colorScheme, width) => {
      await using page = await at('/workers', { colorScheme, viewport: { width, height: 800 } });
      await page.locator('[data-worker]').waitFor();
      await untilAxeIsContent(page);
      expect(await tooWide(page)).toBeLessThanOrEqual(0);
    },
  );
});
