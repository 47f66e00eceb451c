import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fieldsOf } from '../../../../src/domain/crontab/job.ts';
import { createNaming } from '../../../../src/domain/crontab/names.ts';
import { readCrontab, type CrontabEntry, type ReadOptions } from '../../../../src/domain/crontab/read.ts';
import { isJobName } from '../../../../src/domain/job.ts';
import { checkWholeJob } from '../../../../src/domain/known-job.ts';

const folder = join(import.meta.dirname, 'crontabs');
/** Git keeps no line ends of Windows: the file that was saved there gets them here. */
const textOf = (name: string): string => {
  const text = readFileSync(join(folder, name), 'utf8');
  return name === 'windows' ? text.replaceAll('\n', '\r\n') : text;
};
const entriesOf = (text: string, options?: ReadOptions): readonly CrontabEntry[] =>
  readCrontab(text, options).lines.filter((line) => line.is === 'entry');
const jobOf = (entry: CrontabEntry) => fieldsOf(entry, { ignoreUser: true });
/** The only line of a text, which has to be an entry. */
const only = (text: string, options?: ReadOptions): CrontabEntry => {
  const [entry, ...more] = entriesOf(text, options);
  if (!entry || more.length > 0) throw new Error(`not one entry: ${JSON.stringify(readCrontab(text, options))}`);
  return entry;
};
const told = (text: string, options?: ReadOptions): string[] =>
  readCrontab(text, options).lines.map((line) => `${String(line.line)} ${line.is}`);

describe('real crontabs', () => {
  const name = createNaming('test');
  test.each([
    [
      'debian-crontab',
      'system',
      ['run-parts-cron.hourly', 'run-parts-cron.daily', 'run-parts-cron.weekly', 'run-parts-cron.monthly'],
    ],
    ['php', 'system', ['sessionclean']],
    ['certbot', 'system', ['certbot-renew']],
    ['sysstat', 'system', ['debian-sa1', 'debian-sa1']],
    ['e2scrub_all', 'system', ['e2scrub_all_cron', 'e2scrub_all']],
    ['anacron', 'system', ['invoke-rc.d-anacron']],
    ['mdadm', 'system', ['checkarray']],
    ['alice', 'user', ['mysqldump', 'artisan-schedule-run', 'mail', 'start-tunnel', 'sync-photos', 'backup']],
    ['windows', 'user', ['daily', 'never']],
    ['unicode', 'user', ['备份']],
  ])('%s is read in %s form', (file, format, names) => {
    const text = textOf(file);
    expect(readCrontab(text).format).toBe(format);
    expect(entriesOf(text).map((entry) => name(entry).replace(/-[0-9a-f]{6}$/, ''))).toStrictEqual(names);
    if (format === 'system') expect(entriesOf(text).map(({ user }) => user)).toStrictEqual(names.map(() => 'root'));
  });

  test('what packages write can all be imported', () => {
    for (const file of ['debian-crontab', 'php', 'certbot', 'sysstat', 'e2scrub_all', 'anacron', 'mdadm'])
      for (const entry of entriesOf(textOf(file)))
        expect([file, checkWholeJob({ name: 'x', ...jobOf(entry) })]).toMatchObject([file, { ok: true }]);
  });

  test('a crontab of a person becomes jobs with all that it says', () => {
    expect(entriesOf(textOf('alice')).map(jobOf)).toStrictEqual([
      {
        cronExpr: '0 2 * * *',
        command: 'mysqldump --single-transaction shop | gzip > /backup/shop-$(date +%F).sql.gz',
        description: 'Nightly dump of the shop.\nAsk Bob before you change it.',
        env: { PATH: '/home/alice/bin:/usr/bin:/bin', GREETING: 'hello, world ' },
      },
      expect.objectContaining({ cronExpr: '@hourly' }),
      expect.objectContaining({
        command: 'mail -s "Standup" team@example.com',
        stdin: 'Good morning,\n\nthe standup is at 10.\n',
      }),
      expect.objectContaining({ cronExpr: '@reboot' }),
      expect.objectContaining({ cronExpr: '*/10 * * * *', command: 'FOO=1 nice -n 10 /home/alice/bin/sync-photos.sh' }),
      {
        cronExpr: 'H(0-30) H(4-6) * * *',
        command: 'backup "$MAILTO"',
        env: { MAILTO: '', PATH: '/home/alice/bin:/usr/bin:/bin', GREETING: 'hello, world ' },
      },
    ]);
  });

  test('line ends of Windows, a mark of byte order, a last line without its end', () => {
    expect(jobOf(entriesOf(textOf('windows'))[0]!)).toStrictEqual({
      cronExpr: '0 9 * * 1-5',
      command: '/opt/reports/daily.py',
      description: 'Excel, saved on Windows',
      timezone: 'Europe/Berlin',
      jitterMs: 900_000,
    });
    expect(jobOf(only(textOf('unicode')))).toStrictEqual({
      cronExpr: '0 3 * * *',
      command: '/srv/任务/备份.sh',
      description: '每早备份',
      shell: '/bin/bash',
      env: { HOME: '/srv/任务' },
    });
  });

  test('what cron would not take is told line by line', () => {
    const { lines } = readCrontab(textOf('mistakes'));
    expect(lines.map((line) => (line.is === 'problem' ? line.reason : line.is))).toStrictEqual([
      expect.stringContaining('same quote'),
      'variable',
      'variable',
      expect.stringContaining('4 words'),
      'five time fields, and no command behind them',
      'no command follows "@daily"',
      expect.stringContaining('the sixth word is "*"'),
      expect.stringContaining('the sixth word is "MON-FRI"'),
      expect.stringContaining('the command is empty'),
      'entry',
      expect.stringContaining('no-break spaces'),
      'variable',
      expect.stringContaining('anacron'),
    ]);
  });

  test('the six fields of the soak test are read where one asks for them', () => {
    const soak = join(import.meta.dirname, '../../../soak/crontabs');
    for (const file of readdirSync(soak)) {
      const { lines } = readCrontab(readFileSync(join(soak, file), 'utf8'), { seconds: true });
      const entries = lines.filter((line) => line.is === 'entry');
      expect(entries.length).toBeGreaterThan(6);
      expect([file, lines.filter((line) => line.is === 'problem')]).toStrictEqual([file, []]);
      for (const entry of entries) expect(checkWholeJob({ name: 'x', ...jobOf(entry) })).toMatchObject({ ok: true });
    }
  });
});

describe('variables', () => {
  test('count for the lines below them only, the last of a name', () => {
    const entries = entriesOf('0 0 * * * a\nA=1\n0 0 * * * b\nA=2\nB=3\n0 0 * * * c\n0 0 * * * d\n');
    expect(entries.map((entry) => jobOf(entry).env)).toStrictEqual([
      undefined,
      { A: '1' },
      { A: '2', B: '3' },
      { A: '2', B: '3' },
    ]);
  });
  test.each([
    ['SHELL=/bin/bash', { shell: '/bin/bash' }],
    ['SHELL=', {}],
    ['HOME=/srv', { env: { HOME: '/srv' } }],
    ['CRON_TZ=Asia/Tokyo', { timezone: 'Asia/Tokyo' }],
    ['TZ=Asia/Tokyo', { timezone: 'Asia/Tokyo', env: { TZ: 'Asia/Tokyo' } }],
    ['TZ=Asia/Tokyo\nCRON_TZ=UTC', { timezone: 'UTC', env: { TZ: 'Asia/Tokyo' } }],
    ['CRON_TZ=', { timezone: 'Europe/Paris' }],
    ['RANDOM_DELAY=5', { jitterMs: 300_000 }],
    ['RANDOM_DELAY=0', {}],
    ['MAILTO=root', {}],
    ['LOGNAME=root', {}],
  ])('%s', (text, expected) => {
    const {
      command: _command,
      cronExpr: _cron,
      ...fields
    } = fieldsOf(only(`${text}\n0 0 * * * x`), {
      ignoreUser: false,
      timezone: 'Europe/Paris',
    });
    expect(fields).toStrictEqual({ timezone: 'Europe/Paris', ...expected });
  });
  test('of many, 500 count', () => {
    const text = Array.from({ length: 502 }, (_, index) => `A${String(index)}=1`).join('\n');
    const { lines } = readCrontab(`${text}\nA0=2\n0 0 * * * x`);
    expect(lines.flatMap((line) => (line.is === 'variable' && line.tooMany ? [line.name] : []))).toStrictEqual(['A500', 'A501']);
    expect(jobOf(lines.at(-1) as CrontabEntry).env).toMatchObject({ A0: '2', A499: '1' });
  });
});

describe('comments', () => {
  test.each([
    ['directly above', '# one\n# two\n0 0 * * * x', 'one\ntwo'],
    ['with a blank line between', '# one\n\n0 0 * * * x', undefined],
    ['with a variable between', '# one\nA=1\n0 0 * * * x', undefined],
    ['of the line before', '# one\n0 1 * * * y\n0 0 * * * x', undefined],
    ['behind a rule', '#######\n# one\n#######\n0 0 * * * x', 'one'],
    ['behind an entry that is off', '# old\n#0 1 * * * y\n# one\n0 0 * * * x', 'old\none'],
    ['behind the heading of the columns', '# Edit this file\n# m h  dom mon dow   command\n# one\n0 0 * * * x', 'one'],
    ['that is only the heading', '# m h dom mon dow user  command\n0 0 * * * x', undefined],
    ['with signs and numbers', '#! 5 * 5 files #1\n0 0 * * * x', '! 5 * 5 files #1'],
  ])('%s', (_, text, description) => {
    expect(entriesOf(text).at(-1)?.description).toBe(description);
  });
  test.each(['0 3 * * * /old', '0 3 * * *\troot\t/old', ' @daily /old', '# */5 8-17 * * mon-fri x', 'MAILTO=root'])(
    'what is commented out is told as that: #%s',
    (text) => {
      expect(readCrontab(`#${text}`).lines).toStrictEqual([{ is: 'comment', line: 1, kind: 'off' }]);
    },
  );
  test.each([
    '5 of the 10 files are big',
    'see https://example.com/a=b',
    '1. one 2. two',
    'name = value',
    '@alice knows more of it',
  ])('words stay words: # %s', (text) => {
    expect(readCrontab(`# ${text}`).lines).toStrictEqual([{ is: 'comment', line: 1, kind: 'words' }]);
  });
});

describe('the form of a file', () => {
  test.each([
    ['user', '0 3 * * * backup-db --full'],
    ['user', '0 3 * * * /usr/bin/true'],
    ['user', '0 3 * * * php /srv/cron.php\n0 4 * * * docker exec web /bin/x'],
    ['user', '@daily cd /srv && make'],
    ['user', '0 3 * * * [ -x /bin/a ] && /bin/a'],
    ['user', '0 3 * * * git pull'],
    ['system', '0 3 * * * root /usr/bin/true'],
    ['system', '0 3 * * * www-data php /srv/cron.php'],
    ['system', '@daily root:wheel/daemon /usr/libexec/x'],
    ['system', '0 3 * * * alice /srv/a\n0 4 * * * root /srv/b'],
    ['user', '# nothing'],
  ])('%s: %s', (format, text) => {
    expect(readCrontab(text).format).toBe(format);
  });
  test('a doubt is told, and a word decides', () => {
    const text = '0 3 * * * deploy /srv/run.sh';
    expect(only(text)).toMatchObject({ command: 'deploy /srv/run.sh', notes: [expect.stringContaining('format=system')] });
    expect(only(text, { format: 'system' })).toMatchObject({ user: 'deploy', command: '/srv/run.sh', notes: [] });
    expect(told('0 3 * * * /srv/run.sh', { format: 'system' })).toStrictEqual(['1 problem']);
  });
});

test.each([
  ['-*/5 * * * * x', '*/5 * * * *', 'x', 'syslog'],
  ['- 5 0 * * * x', '5 0 * * *', 'x', 'syslog'],
  ['@daily -n x -n', '@daily', 'x -n', 'mail'],
  ['0 0 * * * -s x', '0 0 * * *', 'x', 'overlap'],
  ['~ ~ ~ ~ ~ x', 'H(0-59) H(0-23) H(1-31) H(1-12) H(0-6)', 'x', 'chance'],
  ['5,~10/5 1~ * jan~mar mon~fri x', '5,H(0-10)/5 H(1-23) * H(1-3) H(1-5)', 'x', 'chance'],
  ['@every_minute x', '* * * * *', 'x', undefined],
  ['\t 0\t0 \t* * * \tx  y \t', '0 0 * * *', 'x  y', undefined],
  ['0 0 * * * x \\ ', '0 0 * * *', 'x \\ ', undefined],
])('%s', (text, cronExpr, command, note) => {
  expect(only(text)).toMatchObject({ cronExpr, command, notes: note === undefined ? [] : [expect.stringContaining(note)] });
});

describe('whatever the text', () => {
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'#=%\\ \t"\'@*0-~/,ab\r'.split('')) }),
    fc.constantFrom('0 3 * * * root /bin/x', '# words', 'A=1', '', '@daily x', '#0 3 * * * y', 'PATH="a" b', '* * * * * %'),
  );
  const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.join('\n'));
  const options = fc.record({ format: fc.constantFrom(undefined, 'user' as const, 'system' as const), seconds: fc.boolean() });

  test('the reader never throws, and every line that is not blank is in its answer once, in order', () => {
    fc.assert(
      fc.property(text, options, (given, how) => {
        const { lines } = readCrontab(given, how);
        const expected = given
          .replace(/^\ufeff/, '')
          .split('\n')
          .flatMap((each, index) => (each.trim() === '' ? [] : [index + 1]));
        expect(lines.map((each) => each.line)).toStrictEqual(expected);
      }),
    );
  });
  test('every entry has a name that a job may have, and no two have the same', () => {
    fc.assert(
      fc.property(text, options, (given, how) => {
        const name = createNaming('source');
        const names = readCrontab(given, how)
          .lines.filter((each) => each.is === 'entry')
          .map(name);
        expect(new Set(names).size).toBe(names.length);
        expect(names.filter((each) => !isJobName(each))).toStrictEqual([]);
      }),
    );
  });
  test('long lines cost no more than their length', () => {
    const long = 'x'.repeat(1_000_000);
    const spaces = ' '.repeat(1_000_000);
    for (const each of [
      long,
      spaces + 'x',
      `0 0 * * * ${long}`,
      `0 0 * * * ${spaces}x${spaces}`,
      `A=${spaces}x`,
      `#${spaces}-`,
      `# ${'* '.repeat(500_000)}`,
      `0 0 * * * ${'%'.repeat(1_000_000)}`,
      '0 '.repeat(500_000),
    ])
      expect(told(each)).toHaveLength(1);
  });
});
