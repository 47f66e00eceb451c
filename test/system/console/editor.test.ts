import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { notYet } from '../../../src/domain/not-yet.ts';
import { untilAxeIsContent } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

withChromium('the console: the editor', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { at, remove, row, save } = web;

  const field = (page: Page, name: string) => page.getByRole('dialog').getByRole('textbox', { name });
  const zone = (page: Page) => page.getByRole('combobox', { name: 'Time zone' });
  const button = (page: Page, name: string) => page.getByRole('dialog').getByRole('button', { name, exact: true });
  const group = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(`^.?${name}`) });
  const closed = (page: Page) => page.getByRole('dialog').waitFor({ state: 'detached' });
  const saved = async (name: string) => {
    const { v: _format, ...job } = (await web.up().api<{ job: Record<string, unknown> }>(`/jobs/${name}`)).job;
    return job;
  };
  const focused = (page: Page): Promise<string> =>
    page.evaluate<string>('document.activeElement.closest("[data-field]")?.dataset.field ?? document.activeElement.textContent');

  test('what a schedule means while it is typed, an error under its place in the text, a refused name at its field', async () => {
    await using page = await at('/');
    await page.getByRole('button', { name: 'New job' }).click();
    await field(page, 'Name').fill('a/b');
    await field(page, 'Command').fill('echo hi');
    await field(page, 'Cron text').fill('# at night\n0 3 32 * *');
    const place = page.locator('[data-place="2:5"]');
    await place.filter({ hasText: /day of month/ }).waitFor();
    expect(await place.locator('pre').textContent()).toBe('0 3 32 * *\n    ^^');
    await place.click();
    const chosen =
      'document.activeElement.value.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)';
    expect(await page.evaluate<string>(chosen)).toBe('32');

    await field(page, 'Cron text').fill('0 3 * * *');
    await page.getByRole('status').getByText('At 03:00').waitFor();
    expect(await place.count()).toBe(0);
    await button(page, 'Save').click();
    await page.getByText('"/" is reserved').waitFor();
    expect(await field(page, 'Name').getAttribute('aria-invalid')).toBe('true');
    expect(await focused(page)).toBe('/name');
    await field(page, 'Name').fill('edited');
    await button(page, 'Save').click();
    await closed(page);
    await row(page, 'edited').waitFor();
    await remove('edited');
  });

  test('the next fire times stand in the job’s zone and in the viewer’s; as whom and where it runs is said', async () => {
    await using page = await at('/new-job', { timezoneId: 'Europe/Berlin' });
    await field(page, 'Cron text').fill('0 3 * * *');
    await group(page, 'When it runs').click();
    await zone(page).fill('tokyo');
    await page.getByRole('option', { name: 'Asia/Tokyo' }).click();
    const table = page.getByRole('table', { name: 'Next fire times' });
    await table.getByRole('columnheader', { name: 'In Asia/Tokyo' }).waitFor();
    expect(await table.getByRole('columnheader').allTextContents()).toEqual(['In Asia/Tokyo', 'Yours, Europe/Berlin']);
    await until(
      async () => /03:00:00.*(19|20):00:00/.test((await table.locator('tbody tr').first().textContent()) ?? ''),
      () => 'not in both zones',
    );
    await zone(page).fill('Europe/Berlin');
    await table.getByRole('columnheader', { name: 'In Europe/Berlin' }).waitFor();
    expect(await table.getByRole('columnheader').count()).toBe(1);

    const where = page.locator('[data-place-of-run]');
    expect(await where.textContent()).toContain('Run by /bin/sh as the user that the worker runs as, in the home folder');
    await group(page, 'How it runs').click();
    await field(page, 'Shell').fill('/bin/bash');
    await field(page, 'Folder').fill('/srv');
    expect(await where.textContent()).toContain('Run by /bin/bash as the user that the worker runs as, in /srv, on any worker');
    await group(page, 'Where it runs').click();
    await page.getByRole('combobox', { name: 'Only where all these labels are' }).fill('gpu');
    await page.keyboard.press('Enter');
    await where.getByText('No worker that is here now may take it').waitFor();
  });

  test('folded groups tell what is set in them; lengths as people write them; what is not there yet cannot be chosen', async () => {
    await using page = await at('/new-job');
    await field(page, 'Name').fill('grouped');
    await field(page, 'Command').fill('true');
    await group(page, 'When it runs').click();
    await field(page, 'Jitter').fill('1m30s');
    await page.getByText('= 1 min 30 s').waitFor();
    await group(page, 'When it runs').click();
    await page.locator('[data-group=when] [data-set]').getByText('Jitter: 1 min 30 s').waitFor();

    await group(page, 'How it runs').click();
    await page.getByRole('group', { name: 'Environment' }).getByRole('button', { name: 'Add one' }).click();
    const name = field(page, 'Environment: Name');
    await name.focus();
    const lines = 'A=1\nexport B="two words"';
    await page.evaluate(
      `const data = new DataTransfer(); data.setData('text/plain', ${JSON.stringify(lines)});
       document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))`,
    );
    await until(
      async () => (await field(page, 'Environment: B').inputValue()) === 'two words',
      () => 'the pasted lines are no rows',
    );
    await group(page, 'If it fails').click();
    // The domain says what is not there yet: a later version offers more without a change here.
    const isLater = (asked: Parameters<typeof notYet>[0]): boolean => notYet(asked).length > 0;
    expect([
      await field(page, 'Further attempts').isDisabled(),
      await page.getByRole('radio', { name: 'Let it go on' }).isDisabled(),
      await page.getByRole('radio', { name: 'Kill it' }).isDisabled(),
    ]).toEqual([isLater({ retry: { max: 1 } }), isLater({ timeout: { afterMs: 1, action: 'abandon' } }), false]);

    await field(page, 'Grace').fill('soon');
    await group(page, 'If it fails').click();
    await button(page, 'Save').click();
    await until(
      async () => (await focused(page)) === '/killGraceMs',
      () => 'the field with the problem has not the focus',
    );
    await page.getByText('Write a length as 90s').waitFor();
    await field(page, 'Grace').fill('20s');
    await page.keyboard.press('Control+Enter');
    await closed(page);
    expect(await saved('grouped')).toEqual({
      name: 'grouped',
      command: 'true',
      cronExpr: '*/5 * * * *',
      jitterMs: 90_000,
      killGraceMs: 20_000,
      env: { A: '1', B: 'two words' },
    });
    await remove('grouped');
  });

  test('somebody else’s save shows both sides; field by field, or one side whole; a job deleted meanwhile can be made anew', async () => {
    const job = { name: 'shared', command: 'echo a\necho b', cronExpr: '0 3 * * *' };
    await save(job);
    await using page = await at('/jobs/shared/edit');
    await field(page, 'Command').fill('echo a\necho mine');
    await save({ ...job, command: 'echo a\necho theirs', tags: ['theirs'], cronExpr: '0 4 * * *' });
    await button(page, 'Save').click();
    await page.getByText('saved this job while you were writing').waitFor();
    const side = (path: string, whose: string) => page.locator(`[data-clash="${path}"] [data-side=${whose}]`);
    expect(await side('/command', 'theirs').locator('mark').allTextContents()).toEqual(['theirs']);
    expect(await side('/command', 'mine').locator('mark').allTextContents()).toEqual(['mine']);
    // What only they changed stays theirs unless it is chosen otherwise.
    expect(await side('/tags', 'theirs').getByRole('radio').isChecked()).toBe(true);
    await side('/cronExpr', 'mine').getByRole('radio').check();
    await button(page, 'Save as chosen').click();
    await closed(page);
    expect(await saved('shared')).toEqual({ ...job, command: 'echo a\necho mine', tags: ['theirs'] });

    await page.goto(`${web.up().url}/jobs/shared/edit`);
    await field(page, 'Command').fill('echo mine again');
    await save({ ...job, command: 'echo theirs again' });
    await button(page, 'Save').click();
    await button(page, 'Take theirs').click();
    await until(
      async () => (await field(page, 'Command').inputValue()) === 'echo theirs again',
      () => 'theirs is not shown',
    );
    await button(page, 'As JSON').click();
    await field(page, 'Job').fill(JSON.stringify({ ...job, command: 'echo json', tags: ['night'] }));
    await button(page, 'As form').click();
    await remove('shared');
    await button(page, 'Save').click();
    await page.getByText('Somebody deleted this job').waitFor();
    await button(page, 'Save it anew').click();
    await closed(page);
    expect(await saved('shared')).toEqual({ ...job, command: 'echo json', tags: ['night'] });
    await remove('shared');
  });

  test('changes are not lost by Escape or by the browser’s back: it asks', async () => {
    await using page = await at('/');
    const ask = page.getByRole('alertdialog');
    await page.getByRole('button', { name: 'New job' }).click();
    await field(page, 'Command').waitFor();
    await page.keyboard.press('Escape');
    await closed(page);
    await page.getByRole('button', { name: 'New job' }).click();
    await field(page, 'Command').fill('echo precious');
    await page.keyboard.press('Escape');
    await ask.waitFor();
    await page.keyboard.press('Escape');
    await ask.waitFor({ state: 'detached' });
    await page.evaluate('history.back()');
    await ask.getByRole('button', { name: 'Keep writing' }).click();
    expect(await field(page, 'Command').inputValue()).toBe('echo precious');
    await page.evaluate('history.back()');
    await ask.getByRole('button', { name: 'Discard' }).click();
    await closed(page);
    await page.getByRole('button', { name: 'New job' }).waitFor();
  });

  test('by keyboard alone: a new job written and saved', async () => {
    await using page = await at('/new-job');
    await until(
      async () => (await focused(page)) === '/name',
      () => 'the name has not the focus',
    );
    await page.keyboard.type('typed');
    await page.keyboard.press('Tab');
    await page.keyboard.type('echo typed');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('0 5 * * *');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toContain('When it runs');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('/timezone');
    await page.keyboard.press('Control+Enter');
    await closed(page);
    expect(await saved('typed')).toEqual({ name: 'typed', command: 'echo typed', cronExpr: '0 5 * * *' });
    await remove('typed');
  });

  test('a job that is not there is told', async () => {
    await using page = await at('/jobs/nobody/edit');
    await page.getByText('There is no job nobody').waitFor();
    expect(await page.getByRole('dialog').getByRole('textbox').count()).toBe(0);
  });

  test.each(['light', 'dark'] as const)('%s: nothing for axe to find, and nothing wider than a phone', async (colorScheme) => {
    const job = { name: `seen-${colorScheme}`, command: 'true', cronExpr: '0 3 * * *', env: { A: '1' } };
    await save(job);
    await using page = await at(`/jobs/${job.name}/edit`, { colorScheme, viewport: { width: 400, height: 800 } });
    for (const name of ['When', 'Where', 'How', 'If it is busy', 'If it fails', 'About']) await group(page, name).click();
    await field(page, 'Cron text').fill('0 3 32 * *');
    await page.locator('[data-place="1:5"]').waitFor();
    await untilAxeIsContent(page, '[role=dialog]');
    await field(page, 'Cron text').fill('0 3 * * 2');
    await page.getByRole('table', { name: 'Next fire times' }).waitFor();
    const isWide = 'document.querySelector("[role=dialog]").scrollWidth > innerWidth';
    expect(await page.evaluate<boolean>(isWide)).toBe(false);
    await untilAxeIsContent(page, '[role=dialog]');

    await save({ ...job, command: 'false', tags: ['theirs'] });
    await button(page, 'Save').click();
    await page.locator('[data-conflict]').waitFor();
    await untilAxeIsContent(page, '[role=dialog]');
    expect(await page.evaluate<boolean>(isWide)).toBe(false);
    await remove(job.name);
  });
});
