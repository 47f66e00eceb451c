import { describe, expect, test } from 'vitest';
import { createNaming, stemOf } from '../../../../src/domain/crontab/names.ts';
import { splitPercent } from '../../../../src/domain/crontab/percent.ts';
import { fateOfVariable, readVariable } from '../../../../src/domain/crontab/variables.ts';

describe('NAME=value as cron reads it', () => {
  test.each([
    ['A=b', 'A', 'b'],
    ['A=', 'A', ''],
    ['  A\t= b c  ', 'A', 'b c'],
    ['A="  b c  "', 'A', '  b c  '],
    ['A=\'it is "so"\'  ', 'A', 'it is "so"'],
    ['A=""', 'A', ''],
    ['"A" = b', 'A', 'b'],
    ["'A B'=c", 'A B', 'c'],
    ['A=b=c', 'A', 'b=c'],
    ['A=b # no comment', 'A', 'b # no comment'],
    ['A=$B', 'A', '$B'],
    ['A=it"s', 'A', 'it"s'],
  ])('%s', (text, name, value) => {
    expect(readVariable(text)).toStrictEqual({ name, value });
  });
  test.each(['A', '=b', 'A b=c', 'A="b', 'A="b" c', '"A=b', '* * * * * A=b', '@daily A=b', '0 0 * * * x', ''])(
    'none: %s',
    (text) => {
      expect(readVariable(text)).toBeUndefined();
    },
  );
});

test.each([
  ['PATH', '/bin', false, 0],
  ['PATH', '$HOME/bin:/bin', false, 1],
  ['PATH', '~/bin:/bin', false, 1],
  ['MAILTO', '', false, 0],
  ['TZ', 'Asia/Tokyo', false, 1],
  ['RANDOM_DELAY', '-5', true, 0],
  ['SHELL', '', true, 0],
  ['A-B', '1', true, 0],
  ['START_HOURS_RANGE', '3-22', true, 0],
])('%s=%s', (name, value, isRefused, warnings) => {
  const fate = fateOfVariable({ name, value });
  expect([fate.isRefused, fate.warnings.length]).toStrictEqual([isRefused, warnings]);
  expect(fate.reason).not.toBe('');
});

describe('% as crontab reads it', () => {
  test.each([
    ['date +\\%F', 'date +%F', undefined],
    ['cat%a%b', 'cat', 'a\nb\n'],
    ['cat%a\\%b', 'cat', 'a%b\n'],
    ['cat%', 'cat', undefined],
    ['cat%%', 'cat', '\n'],
    ['cat%a%', 'cat', 'a\n'],
    ['a\\b%c', 'a\\b', 'c\n'],
    ['a\\\\%c', 'a\\\\', 'c\n'],
    ['a\\\\\\%c', 'a\\\\%c', undefined],
    ['cat%a\\\\%b', 'cat', 'a\\%b\n'],
    ['cat%a\\', 'cat', 'a\\\n'],
    ['echo \\', 'echo \\', undefined],
  ])('%s', (text, command, stdin) => {
    expect(splitPercent(text)).toStrictEqual({ command, ...(stdin === undefined ? {} : { stdin }) });
  });
});

describe('names', () => {
  test.each([
    ['backup-db', 'backup-db'],
    ['/opt/bin/backup-db.sh --full', 'backup-db'],
    ['cd /srv/app && ./bin/console.php cache:clear', 'console-cache:clear'.replace(':', '-')],
    ['cd /srv && /usr/bin/flock -n /tmp/x.lock nice -n 10 ionice -c3 ./sync.sh', 'sync'],
    ['/usr/bin/python3 -m tools.report', 'tools.report'],
    ['bash -lc "/opt/a.sh --x"', 'a'],
    ['FOO=1 BAR="2" /opt/run.rb', 'run'],
    ['[ -x /usr/lib/php/sessionclean ] && /usr/lib/php/sessionclean', 'sessionclean'],
    ['test -x /bin/a || exit 0; /bin/b', 'exit'],
    ['sudo -u postgres vacuumdb --all', 'vacuumdb'],
    ['certbot -q renew', 'certbot-renew'],
    ['curl -fsS https://hc.example.com/ping/1?x=2 > /dev/null', 'curl-hc.example.com'],
    ['find /var/tmp -mtime +3 -delete', 'find-tmp'],
    ['timeout 30s /opt/poll.sh >/dev/null 2>&1', 'poll'],
    ['docker exec web php cron.php', 'docker-exec'],
    ['/srv/任务/备份.sh', '备份'],
    ['$HOME/bin/x', 'x'],
    ['%%%', 'job'],
    ['...', 'job'],
    ['echo hi', 'echo-hi'],
  ])('%s', (command, stem) => {
    expect(stemOf(command)).toBe(stem);
  });
  test('are the same for the same file, differ by source, user and order, and not by schedule', () => {
    const namesOf = (source: string, ...commands: readonly string[]): string[] => {
      const name = createNaming(source);
      return commands.map((command) => name({ command }));
    };
    const [first, second, third] = namesOf('a', 'x', 'x', 'y');
    expect(namesOf('a', 'x', 'y', 'x')).toStrictEqual([first, third, second]);
    expect(new Set([first, second, third, ...namesOf('b', 'x')]).size).toBe(4);
    expect(createNaming('a')({ command: 'x', user: 'root' })).not.toBe(first);
    // Golden: a name that changes with the version would make every crontab anew.
    expect(first).toBe('x-5f4bf5');
  });
});
