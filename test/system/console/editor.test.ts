import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

withChromium('the console: the editor', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { at, remove, row, save } = web;

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
    await page.getByText('saved this job while you were writing').waitFor();
    await page.getByRole('button', { name: 'Take theirs' }).click();
    await until(
      async () => (await page.getByRole('textbox', { name: 'Command' }).inputValue()) === 'echo theirs',
      () => 'theirs is not shown',
    );
    await page.getByRole('button', { name: 'As JSON' }).click();
    await page
      .getByRole('textbox', { name: 'Job' })
      .fill('{"name": "edited", "command": "echo json", "cronExpr": "0 4 * * *", "tags": ["night"]}');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await row(page, 'edited').getByText('night').waitFor();
    expect(await web.up().api<{ job: unknown }>('/jobs/edited')).toMatchObject({
      job: { command: 'echo json', tags: ['night'] },
    });
    await remove('edited');
  });
});
