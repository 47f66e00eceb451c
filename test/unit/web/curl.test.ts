import { expect, test } from 'vitest';
import { curlOf, quoted } from '../../../web/src/curl.ts';

const master = { origin: 'http://127.0.0.1:8070', asksToken: true };

test.each([
  ['plain', 'plain'],
  ['http://a:1/b_c-d.e', 'http://a:1/b_c-d.e'],
  ['', `''`],
  ['two words', `'two words'`],
  [`it's`, String.raw`'it'\''s'`],
  ['$HOME `id` "x" \\ ! & ; ~', `'$HOME \`id\` "x" \\ ! & ; ~'`],
  ['line\nbreak', `'line\nbreak'`],
  ['作业', `'作业'`],
])('%j in a shell: %s', (text, expected) => {
  expect(quoted(text)).toBe(expected);
});

test('an action with a body, one option a line, the token from the environment', () => {
  expect(curlOf({ method: 'PUT', path: '/jobs/hello', body: { name: 'hello', command: `echo "it's $(date)"` } }, master)).toBe(
    String.raw`curl -X PUT http://127.0.0.1:8070/api/v1/jobs/hello \
  -H "Authorization: Bearer $CRONSTREAM_TOKEN" \
  -H 'Content-Type: application/json' \
  -d '{"name":"hello","command":"echo \"it'\''s $(date)\""}'`,
  );
});

test('no token where none is asked for, no method where it is GET, further headers', () => {
  const action = { method: 'GET', path: '/jobs?q=a b', headers: { 'if-match': '"17"' } };
  expect(curlOf(action, { ...master, asksToken: false })).toBe(
    String.raw`curl 'http://127.0.0.1:8070/api/v1/jobs?q=a b' \
  -H 'if-match: "17"'`,
  );
});
