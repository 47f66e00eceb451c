import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { tooWide, untilAxeIsContent } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

withChromium('the console: a job', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 180_000);
  const { all, at, remove, save } = web;

  const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

  test('what it is, when it fires next in the viewer’s and its own zone, and where it may run', async () => {
    await save({
      name: 'nightly',
      command: 'echo "good night"',
      cronExpr: '0 3 * * *',
      timezone: 'Asia/Tokyo',
      description: 'Says good night',
      tags: ['night'],
      placement: { labels: ['gpu'] },
    });
    await using page = await at('/jobs/nightly', { timezoneId: 'Europe/Berlin' });
    await page.getByRole('heading', { name: 'nightly', level: 1 }).waitFor();
    for (const text of ['Says good night', 'night']) await page.getByText(text, { exact: true }).first().waitFor();
    const when = section(page, 'When it runs');
    await when.getByText('0 3 * * *', { exact: true }).waitFor();
    const fires = when.locator('[data-fire]');
    await fires.nth(4).waitFor();
    expect(await fires.count()).toBe(5);
    expect(await all(page, 'data-fire')).toEqual(expect.arrayContaining([expect.stringMatching(/T18:00:00\.000Z$/)]));
    // Nine hours ahead of UTC, without summer time.
    expect(await fires.first().textContent()).toMatch(/19:00:00|20:00:00/);
    expect(await fires.first().textContent()).toContain('03:00:00 in Asia/Tokyo');
    const title = await fires.first().locator('time').first().getAttribute('title');
    expect(title).toMatch(/\(Europe\/Berlin\) · .* 03:00:00 \(Asia\/Tokyo\) · .* 18:00:00.000 UTC/);
    const where = section(page, 'Where it may run');
    await where.getByText('lacks gpu').waitFor();
    await where.getByText('No worker matches now').waitFor();
    const alarm = page.locator('[data-warning=noWorker]');
    await alarm.getByText('No live worker may run this job').waitFor();
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByText('lacks gpu', { exact: false }).filter({ hasText: 'no live worker may run this job' }).waitFor();
    await using list = await at('/');
    await list.locator('[data-job=nightly] [data-no-worker]').waitFor();
    await save({ name: 'nightly', command: 'echo "good night"', cronExpr: '0 3 * * *' });
    await where.locator('[data-matches=true]').waitFor();
    await alarm.waitFor({ state: 'detached' });
    await list.locator('[data-job=nightly]:not(:has([data-no-worker]))').waitFor();
    await section(page, 'Definition').getByText('"echo \\"good night\\""').first().waitFor();
    await remove('nightly');
  });

  test('the next times of a job that hashes, has jitter and an end are those at which it will run', async () => {
    await save({ name: 'hashed', command: 'true', cronExpr: 'H H * * *', jitterMs: 3_000_000, endAt: '2099-01-01T00:00:00Z' });
    const { nextFireTime } = await web.up().api<{ nextFireTime: string }>('/jobs/hashed');
    await using page = await at('/jobs/hashed');
    await page.locator('[data-fire]').nth(4).waitFor();
    expect((await all(page, 'data-fire'))[0]).toBe(nextFireTime);
    await remove('hashed');
  });

  test('a job whose cursor is ahead says so, and an admin sets it back from its page; to others that is not offered', async () => {
    await save({ name: 'ahead', command: 'true' });
    const warn = async (page: Page): Promise<void> => {
      await page.route(/\/api\/v1\/jobs\/ahead$/, async (route) => {
        const answer = await route.fetch();
        const view = (await answer.json()) as Record<string, unknown>;
        const at = '2099-01-01T00:00:00.000Z';
        await route.fulfill({ response: answer, json: { ...view, warning: { code: 'cursorAhead', at, cursorAt: at } } });
      });
    };
    const warned = (page: Page) => page.locator('[data-warning=cursorAhead]');
    await using page = await at('/');
    await warn(page);
    await page.goto(`${web.up().url}/jobs/ahead`);
    await warned(page).getByText('its cursor is ahead of time').waitFor();
    await warned(page).getByText(/2099/).waitFor();
    await warned(page).getByRole('button', { name: 'Set it back to now' }).click();
    const dialog = page.getByRole('dialog', { name: 'Set the cursor of ahead back to now?' });
    const [answer] = await Promise.all([
      page.waitForResponse((each) => each.url().endsWith('/jobs/ahead/cursor')),
      dialog.getByRole('button', { name: 'Set it back to now' }).click(),
    ]);
    expect([answer.request().method(), answer.status()]).toEqual(['POST', 200]);
    await page.route(/\/api\/v1\/me$/, (route) => route.fulfill({ json: { name: 'eva', role: 'editor', noAuth: false } }));
    await page.reload();
    await warned(page).waitFor();
    expect(await warned(page).getByRole('button').count()).toBe(0);
    await remove('ahead');
  });

  test('runs are bars, live; the arrows go from bar to bar, and each leads to its run', async () => {
    await save({ name: 'barred', command: 'echo hi' });
    await using page = await at('/jobs/barred');
    await page.getByText('It has not run yet').waitFor();
    const bars = page.getByRole('list', { name: 'Last runs, oldest first' }).getByRole('link');
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.locator('[data-bar=succeeded]').waitFor();
    await save({ name: 'barred', command: 'exit 7' });
    // The bars hear of an end before the head does: `r` runs nothing while it says that a run goes on.
    await page.getByRole('button', { name: 'Run now' }).waitFor();
    await page.keyboard.press('r');
    await page.locator('[data-bar=failed]').waitFor();
    expect(await bars.count()).toBe(2);
    expect(await bars.first().textContent()).toMatch(/succeeded, .*UTC/);
    await page.getByText('1 of the last 2 succeeded').waitFor();
    await bars.last().focus();
    await page.getByText('exit 7').first().waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/runs\//);
    await page.getByRole('region', { name: 'Output' }).getByText('hi').waitFor();
    await remove('barred');
  });

  test('why did it not run? The timeline says of each tick what became of it, while it becomes so', async () => {
    await save({ name: 'slow', command: 'sleep 600', cronExpr: '*/3 * * * * *' });
    await using page = await at('/jobs/slow');
    await page.locator('[data-fate=ran]').first().waitFor();
    const onlyNotRun = page.getByRole('switch', { name: 'Only what did not run' });
    const skipped = page.locator('[data-fate=skipped]').first();
    await skipped.waitFor();
    await skipped.getByText('the run before had not ended').waitFor();
    await onlyNotRun.click({ force: true });
    await page.waitForURL(/only=notRun/);
    await page.locator('[data-fate=ran]').first().waitFor({ state: 'detached' });
    expect(await page.locator('[data-fate=skipped]').count()).toBeGreaterThan(0);
    await onlyNotRun.click({ force: true });
    await page.getByText('Around a time').click();
    await page.waitForURL(/ticks=2/);
    await page.locator('[data-fate=ran]').waitFor();
    // An hour in which nothing was: said, not an empty place.
    await page.getByLabel('Around', { exact: true }).fill('2020-01-01T03:00');
    await page.keyboard.press('Enter');
    await page.getByText('the schedule names no time in this span').waitFor();
    expect(page.url()).toContain('ticks=2020-01-01T');
    await page.locator('[data-why]').getByText('The job was not there yet').waitFor();
    await page.getByText('24 hours').click();
    await page.locator('[data-fate=ran]').first().click();
    await page.waitForURL(/\/runs\//);
    await remove('slow');
  });

  test('a tick that waits says what for, and so does one that is due and that nobody may run', async () => {
    await save({ name: 'behind', command: 'sleep 600', cronExpr: '*/3 * * * * *', overlap: 'queue' });
    await using page = await at('/jobs/behind');
    await page
      .locator('[data-fate=waiting]')
      .getByText(/the run of .* has not ended/)
      .waitFor();
    await save({ name: 'behind', command: 'sleep 600', cronExpr: '*/3 * * * * *', placement: { labels: ['gpu'] } });
    const due = page.locator('[data-fate=coming]').getByText('no live worker may run this job');
    expect(await due.first().textContent()).toMatch(/: .* lacks gpu/);
    await remove('behind');
  });

  test('Kill asks once by name; the switch switches; a job that is deleted meanwhile says so, with a way back', async () => {
    await save({ name: 'long', command: 'sleep 600' });
    await using page = await at('/jobs/long');
    await page.getByRole('button', { name: 'Run now' }).click();
    await page.getByRole('button', { name: 'Kill' }).click();
    await page.getByRole('dialog', { name: 'Kill long?' }).getByRole('button', { name: 'Kill' }).click();
    await page.locator('[data-bar=killed]').waitFor();
    await page.getByRole('switch', { name: 'Switched on' }).click({ force: true });
    await page.getByRole('switch', { name: 'switched off' }).waitFor();
    await page.getByText('switched on, it would fire').waitFor();
    await remove('long');
    await page.getByText('long was deleted while you looked').waitFor();
    expect(await page.getByRole('button', { name: 'Run now' }).count()).toBe(0);
    await page.reload();
    await page.getByRole('heading', { name: 'There is no job “long”' }).waitFor();
    // Saved while one looks, it is there without a reload.
    await save({ name: 'long', command: 'true' });
    await page.getByRole('heading', { name: 'long', level: 1 }).waitFor();
    await remove('long');
    await page.reload();
    await page.getByRole('link', { name: 'All jobs' }).click();
    await page.waitForURL((url) => url.pathname === '/');
  });

  test('delete asks once and goes to all jobs', async () => {
    await save({ name: 'doomed', command: 'true' });
    await using page = await at('/jobs/doomed');
    await page.getByRole('button', { name: 'More for doomed' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await page.getByRole('dialog', { name: 'Delete doomed?' }).getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL((url) => url.pathname === '/');
    await expect(web.up().api('/jobs/doomed')).rejects.toThrow(/404/);
  });

  test('a broken job says what is wrong, point by point, and how to mend it', async () => {
    await save({ name: 'hurt', command: 'true' });
    const view = await web.up().api('/jobs/hurt');
    await using page = await web.newPage();
    // As one that was put into etcd by hand: the API saves none.
    await page.route('**/api/v1/jobs/hurt', (route) =>
      route.fulfill({
        json: {
          ...view,
          job: { name: 'hurt', cronExpr: '61 * * * *' },
          broken: '/command: is missing; /cronExpr: 61 is no minute',
        },
      }),
    );
    await page.goto(`${web.up().url}/jobs/hurt`);
    await web.signIn(page);
    const alert = page.getByRole('alert').filter({ hasText: 'does nothing until it is mended' });
    await alert.getByRole('listitem').first().waitFor();
    expect(await alert.getByRole('listitem').allTextContents()).toEqual(['/command: is missing', '/cronExpr: 61 is no minute']);
    expect(await alert.getByRole('button', { name: 'Mend it' }).count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Run now' }).isDisabled()).toBe(true);
    await remove('hurt');
  });

  test.each([
    ['light', 400],
    ['dark', 400],
    ['light', 1280],
    ['dark', 1280],
  ] as const)(
    '%s at %d px: nothing serious for who sees badly or uses no mouse, and nothing scrolls sideways',
    async (colorScheme, width) => {
      await save({
        name: 'looked-at',
        command: 'echo "$PATH"; exit 3',
        cronExpr: '0 3 * * *',
        description: 'Looks',
        tags: ['one', 'two'],
      });
      await using page = await at('/jobs/looked-at', { colorScheme, viewport: { width, height: 800 } });
      await page.getByRole('button', { name: 'Run now' }).click();
      await page.locator('[data-bar=failed]').first().waitFor();
      await page.locator('[data-placed]').waitFor();
      await page.locator('[data-fate=coming]').first().waitFor();
      await untilAxeIsContent(page);
      expect(await tooWide(page)).toBeLessThanOrEqual(0);
      await remove('looked-at');
    },
  );
});
