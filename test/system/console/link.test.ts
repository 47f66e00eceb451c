import { afterAll, beforeAll, expect, test } from 'vitest';
import { createConsole } from '../../support/console.ts';
import { withChromium } from '../../support/needs.ts';
import { until } from '../../support/process.ts';

type Run = { readonly id: string; readonly job: string; readonly state: string; readonly outcome?: string };

withChromium('the console: its link', (executablePath) => {
  const web = createConsole(executablePath);
  beforeAll(web.start, 180_000);
  afterAll(web.end, 60_000);
  const { at, idsOn, remove, save } = web;

  test('a lost link is told with its time, and heals without losing or doubling a row', async () => {
    await save({ name: 'steady', command: 'echo hi' });
    /** The first asking after a restart may meet a connection that the old process left. */
    const runs = async (): Promise<readonly Run[]> =>
      (
        await web
          .up()
          .api<{ items: readonly Run[] }>('/runs?job=steady&limit=500')
          .catch(() => undefined)
      )?.items ?? [];
    const runOnce = async (): Promise<void> => {
      const before = (await runs()).length;
      let asked = false;
      await until(
        async () => {
          asked ||= await web
            .up()
            .api('/jobs/steady/run', { method: 'POST' })
            .then(
              () => true,
              () => false,
            );
          const all = asked ? await runs() : [];
          return all.length > before && all.every(({ state }) => state === 'finished');
        },
        () => `a run of steady did not end:\n${web.up().printed().slice(-2_000)}`,
      );
    };
    await runOnce();
    await runOnce();
    await using page = await at('/runs?job=steady');
    await page.locator('[data-run]').nth(1).waitFor();
    await web.stopUp();
    await page.locator('[data-link=down]').waitFor();
    await page.getByText(/No link to the master for \d+ s, since/).waitFor();
    expect(await idsOn(page)).toHaveLength(2);
    await web.startAgain();
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
});
