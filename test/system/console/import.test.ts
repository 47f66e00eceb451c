import { afterAll, beforeAll, expect, test } from 'vitest';
import { axeFindings } from '../../support/axe.ts';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';

const CRONTAB = '# the books\n0 3 * * * /opt/backup.sh\n@reboot /opt/start\n';

withChromium('the console: importing a crontab', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 180_000);

  test('a crontab is pasted, seen line by line, saved, and found again', async () => {
    await using page = await web.at('/import');
    const jobs = async () =>
      (await web.up().api<{ items: { job: { command: string; tags: string[] } }[] }>('/jobs?q=backup')).items;
    await page.getByRole('textbox', { name: 'Crontab' }).fill(CRONTAB);
    await page.getByRole('textbox', { name: 'Source' }).fill('web1');
    const rows = page.locator('li[data-action]');
    await rows.nth(2).waitFor();
    for (const [index, action] of ['noted', 'created', 'refused'].entries())
      expect(await rows.nth(index).getAttribute('data-action')).toBe(action);
    await rows.nth(2).getByText('systemd').waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(await jobs()).toEqual([]);
    await page.getByRole('button', { name: 'Save 1 job' }).click();
    await page.getByRole('status').getByText('new 1').waitFor();
    expect((await jobs()).map(({ job }) => [job.command, job.tags])).toEqual([['/opt/backup.sh', ['crontab:web1']]]);
    await page.getByRole('link', { name: 'See the jobs of this source' }).click();
    await page
      .getByRole('link', { name: /^backup-/ })
      .first()
      .waitFor();
  });

  test('the menu leads there; what is wrong with a zone is told', async () => {
    await using page = await web.at('/');
    await page.getByRole('button', { name: /^Menu/ }).click();
    await page.getByRole('menuitem', { name: 'Import a crontab' }).click();
    await page.getByRole('textbox', { name: 'Crontab' }).fill(CRONTAB);
    await page.getByRole('textbox', { name: 'Time zone' }).fill('Mars/Olympus');
    await page.getByRole('alert').getByText('is not an IANA time zone').waitFor();
    expect(await page.getByRole('button', { name: 'Nothing to save' }).isDisabled()).toBe(true);
  });
});
