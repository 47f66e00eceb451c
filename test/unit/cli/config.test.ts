import { expect, test } from 'vitest';
import { flagOf, optionNames, resolveConfig, variableOf, type Kind, type Sources } from '../../../src/cli/config.ts';

const none: Sources = { flags: {}, env: {}, file: undefined, hostname: 'here' };
const stores = { etcd: 'http://etcd:2379', mongo: 'mongodb://ann:secret@mongo:27017' };
const problemsOf = (kind: Kind, sources: Partial<Sources>): readonly string[] => {
  const resolved = resolveConfig(kind, { ...none, ...sources });
  return resolved.ok ? [] : resolved.problems;
};

test('up needs nothing', () => {
  const resolved = resolveConfig('up', none);
  expect(resolved).toMatchObject({
    ok: true,
    config: { data: 'data', host: '127.0.0.1', port: 8070, noAuth: false, demo: false, slots: 100, name: 'here', timeScale: 1 },
  });
});

test('flags win over variables, variables over the file', () => {
  const file = { name: 'c.json', text: JSON.stringify({ port: 1, slots: 1, labels: ['file'] }) };
  const env = { CRONSTREAM_PORT: '2', CRONSTREAM_SLOTS: '2' };
  expect(resolveConfig('up', { ...none, flags: { port: '3' }, env, file })).toMatchObject({
    ok: true,
    config: { port: 3, slots: 2, labels: ['file'] },
  });
});

test('every option has a variable of its own, passwords and tokens have no flag', () => {
  expect(new Set(optionNames.map(variableOf)).size).toBe(optionNames.length);
  expect(variableOf('etcdPassword')).toBe('CRONSTREAM_ETCD_PASSWORD');
  expect(flagOf('noAuth')).toBe('--no-auth');
});

test.each([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])('CRONSTREAM_NO_AUTH=%s is %s', (text, expected) => {
  expect(resolveConfig('up', { ...none, env: { CRONSTREAM_NO_AUTH: text } })).toMatchObject({
    ok: true,
    config: { noAuth: expected },
  });
});

test.each([
  ['all that is missing', 'worker', {}, ['--etcd', '--mongo', '--data']],
  ['a port that is none, by flag', 'up', { flags: { port: 'x' } }, ['--port: "x"']],
  ['by variable', 'up', { env: { CRONSTREAM_PORT: '70000' } }, ['CRONSTREAM_PORT: "70000"']],
  ['by file', 'up', { file: { name: 'c.json', text: '{"port":"x"}' } }, ['c.json: port: "x"']],
  ['a flag that is neither true nor false', 'up', { env: { CRONSTREAM_DEMO: 'yes' } }, ['CRONSTREAM_DEMO: "yes"']],
  ['no-auth for the world', 'up', { flags: { noAuth: true, host: '0.0.0.0' } }, ['only on a loopback address']],
  ['a user that is none', 'up', { flags: { allowUsers: 'mail,-x' } }, ['--allow-users: "-x" is not the name of a user']],
  ['an unknown key of the file', 'up', { file: { name: 'c.json', text: '{"prot":1}' } }, ['c.json: "prot" is not an option']],
  [
    'a key of another command',
    'master',
    { flags: stores, file: { name: 'c.json', text: '{"slots":1}' } },
    ['"slots" is not an option of master'],
  ],
  ['a file that is no JSON', 'up', { file: { name: 'c.json', text: '{' } }, ['c.json: cannot be read as JSON']],
  ['a user without a password', 'master', { flags: { ...stores, etcdUser: 'a' } }, ['CRONSTREAM_ETCD_PASSWORD']],
  [
    'bad addresses',
    'master',
    { flags: { etcd: 'etcd:2379', mongo: 'http://x' } },
    ['"etcd:2379" is not a URL', 'is not a URL as mongodb://'],
  ],
  ['a short token', 'up', { env: { CRONSTREAM_ADMIN_TOKEN: 'short' } }, ['at least 20 characters']],
] as readonly (readonly [string, Kind, Partial<Sources>, readonly string[]])[])(
  'says what is wrong and where: %s',
  (_case, kind, sources, words) => {
    const problems = problemsOf(kind, sources);
    expect(problems).toHaveLength(words.length);
    words.forEach((word, index) => {
      expect(problems.join('\n')).toContain(word);
      expect(problems[index]).toBeDefined();
    });
  },
);

test('secrets are not in what it says', () => {
  const text =
    problemsOf('up', { env: { CRONSTREAM_ADMIN_TOKEN: 'hush' } }).join() +
    problemsOf('master', { flags: { etcd: 'http://e:1', mongo: 'mongdb://ann:hush@x' } }).join();
  expect(text).not.toContain('hush');
});
