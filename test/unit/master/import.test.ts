import { expect, test } from 'vitest';
import type { ImportAnswer, ImportItem } from '../../../src/domain/crontab/answer.ts';
import { aJob, keys, startMaster, type TestMaster } from './support.ts';

const CRONTAB = `# backs the books up
0 3 * * * /opt/bin/backup-db.sh --full
MAILTO=ops@example.com

*/5 * * * *\tcurl -s https://example.com/ping
`;

const send = (master: TestMaster, body: string, query = '') =>
  master.inject({ method: 'POST', url: `/api/v1/import${query}`, payload: body, headers: { 'content-type': 'text/plain' } });
const imported = async (master: TestMaster, body: string, query = ''): Promise<ImportAnswer> => {
  const answer = await send(master, body, query);
  expect([answer.statusCode, answer.body]).toStrictEqual([200, expect.any(String)]);
  return answer.json<ImportAnswer>();
};
const importJobs = async (master: TestMaster, jobs: readonly unknown[], query = ''): Promise<ImportAnswer> =>
  (await master.api('POST', `/import${query}`, { jobs })).json<ImportAnswer>();
const exported = async (master: TestMaster) =>
  (await master.api('GET', '/export')).json<{ jobs: { name: string }[]; broken?: unknown }>();
const actions = ({ items }: ImportAnswer): string[] => items.map(({ line, action }) => `${String(line ?? '-')} ${action}`);
const named = ({ items }: ImportAnswer, action: ImportItem['action']): string[] =>
  items.flatMap((item) => (item.action === action ? [item.name ?? ''] : []));

test('a crontab is told line by line, saved, and the second time unchanged', async () => {
  await using master = await startMaster();
  const would = await imported(master, CRONTAB, '?dryRun=true&source=web1');
  expect(actions(would)).toStrictEqual(['1 noted', '2 created', '3 noted', '5 created']);
  expect(would).toMatchObject({
    created: 2,
    changed: 0,
    unchanged: 0,
    removed: 0,
    refused: 0,
    dryRun: true,
    format: 'user',
    source: 'web1',
  });
  expect((await exported(master)).jobs).toStrictEqual([]);

  const first = await imported(master, CRONTAB, '?source=web1&timezone=Europe/Berlin');
  expect(first).toMatchObject({ created: 2, dryRun: false });
  const [backup = ''] = named(first, 'created');
  expect(backup).toMatch(/^backup-db-[0-9a-f]{6}$/);
  expect((await master.api('GET', `/jobs/${backup}`)).json()).toMatchObject({
    job: {
      command: '/opt/bin/backup-db.sh --full',
      cronExpr: '0 3 * * *',
      description: 'backs the books up',
      timezone: 'Europe/Berlin',
      tags: ['crontab:web1'],
    },
  });
  const again = await imported(master, CRONTAB, '?source=web1&timezone=Europe/Berlin');
  expect(again).toMatchObject({ created: 0, changed: 0, unchanged: 2 });
});
