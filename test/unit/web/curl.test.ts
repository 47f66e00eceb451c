import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { curlOf, quoted } from '../../../web/src/curl.ts';

const master = { origin: 'http://127.0.0.1:8070', asksToken: true };

test.each(['plain', 'two words', `it's`, `''`, '$HOME `id` $(id) "x" \\ !', 'line\nbreak', '作业', ''])(
  'a shell reads %j as it is',
  (text) => {
    const read = execFileSync('/bin/sh', ['-c', `printf %s ${quoted(text)}`], { encoding: 'utf8' });
    expect(read).toBe(text);
  },
);

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
