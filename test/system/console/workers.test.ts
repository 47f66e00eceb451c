import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocketRoute } from 'playwright-core';
import { axeFindings } from '../../support/axe.ts';
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

  test.each([
    ['light', 400],
    ['dark', 1280],
  ] as const)(
    '%s at %d px: nothing serious for who sees badly or uses no mouse, and nothing scrolls sideways',
    async (colorScheme, width) => {
      await using page = await at('/workers', { colorScheme, viewport: { width, height: 800 } });
      await page.locator('[data-worker]').waitFor();
      let findings: readonly string[] = [];
      await until(
        async () => (findings = await axeFindings(page)).length === 0,
        () => findings.join('\n'),
        20_000,
      );
      expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    },
  );
});
