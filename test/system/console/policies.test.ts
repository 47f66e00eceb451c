import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

withChromium('the console: policies and backfill', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 180_000);
  const { at, ended, remove, runNow, save } = web;

  test('a backfill says how many runs it would be before it starts, shows what is left of it, and its rest can be ended', async () => {
    await save({ name: 'report', command: 'sleep 600', cronExpr: '0 3 * * *' });
    await using page = await at('/jobs/report', { timezoneId: 'UTC' });
    await page.getByRole('button', { name: 'More for report' }).click();
    await page.getByRole('menuitem', { name: 'Backfill…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Backfill report' });
    const start = dialog.locator('[data-backfill-start]');
    expect(await start.isDisabled()).toBe(true);
    await dialog.getByLabel('From').fill('2026-01-01T04:00:00');
    await dialog.getByLabel('To').fill('2026-01-01T05:00:00');
    await dialog.getByText('names no time between').waitFor();
    expect(await start.isDisabled()).toBe(true);
    await dialog.getByLabel('To').fill('2026-01-04T05:00:00');
    await dialog.locator('[data-backfill-count="3"]').waitFor();
    expect(await axeFindings(page, '[role=dialog]')).toStrictEqual([]);
    await start.click();
    await dialog.waitFor({ state: 'hidden' });
    // The first has begun, two are left.
    const range = page.locator('[data-left="2"]');
    await range.waitFor();
    expect(await range.textContent()).toContain('2 runs left');
    await range.getByRole('link').click();
    await page.getByText('2 runs are left of this range').waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'End the rest' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End the rest' }).click();
    await page.locator('[data-waiting]').waitFor({ state: 'detached' });
    await page.getByText('backfill').first().waitFor();
    await remove('report');
  });

  test('the editor offers every policy, with a sentence of what it means', async () => {
    await save({ name: 'edited', command: 'true', overlap: { policy: 'queue', max: 3 }, misfire: { policy: 'once' } });
    await using page = await at('/jobs/edited/edit');
    const group = page.getByText('If it is busy or late');
    await group.waitFor();
    const wait = page.getByRole('radio', { name: /^Wait/ });
    if (!(await wait.isVisible())) await group.click();
    await wait.waitFor();
    expect(await wait.isChecked()).toBe(true);
    expect(await page.getByRole('radio', { name: /^Run once/ }).isChecked()).toBe(true);
    for (const does of ['The one before is killed', 'Only the newest runs', 'One after the other, oldest first'])
      await page.getByText(does).first().waitFor();
    for (const name of [/^Take its place/, /^Run them all/])
      expect(await page.getByRole('radio', { name }).isDisabled()).toBe(false);
    await remove('edited');
  });

  test('where its runs take longer than its times are apart, page and editor say what its policy makes of that', async () => {
    await save({ name: 'long', command: 'sleep 1.3', overlap: 'allow' });
    const ids = await Promise.all(Array.from({ length: 5 }, () => runNow('long')));
    for (const id of ids) await ended('long', id);
    await save({ name: 'long', command: 'true', cronExpr: '* * * * * *', overlap: 'replace' });
    await using page = await at('/jobs/long');
    await page.locator('[data-may-overlap=replace]').getByText('Its runs are likely to be ended before they are done').waitFor();
    // Said once: not among the hints of the schedule again.
    expect(await page.getByText('likely to be ended').count()).toBe(1);
    await page.getByRole('button', { name: 'Edit', exact: true }).click();
    const meaning = page.getByRole('status', { name: 'What it means' });
    await meaning.getByText('likely to be ended').waitFor();
    const wait = page.getByRole('radio', { name: /^Wait/ });
    if (!(await wait.isVisible())) await page.getByText('If it is busy or late').click();
    await wait.check({ force: true });
    await meaning.getByText('Its runs are likely to wait for one another').waitFor();
    await remove('long');
  });
});
