import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { JobView } from '../../../src/domain/wire.ts';
import { languageOf } from '../../../src/master/language.ts';
import { aJob, startMaster, TOKEN, until } from './support.ts';

const HAN = /\p{Script=Han}/u;

test.each([
  [undefined, 'en'],
  ['', 'en'],
  ['*', 'en'],
  ['zh', 'zh'],
  ['ZH-Hant-TW', 'zh'],
  ['zh-CN,zh;q=0.9,en;q=0.8', 'zh'],
  ['en,zh;q=0.9', 'en'],
  ['en;q=0.8, zh;q=0.9', 'zh'],
  ['fr, zh;q=0.5', 'zh'],
  ['zh;q=0, en', 'en'],
  ['zhuang', 'en'],
  ['zh;q=x,;;,', 'zh'],
] as const)('who wishes for %j is spoken to in %s', (accept, language) => {
  expect(languageOf(accept)).toBe(language);
});

test('the sentence of a schedule is in the language of the request, in lists and of one job', async () => {
  await using master = await startMaster();
  const chinese = { 'accept-language': 'zh-CN' };
  const job = aJob('a', { timezone: 'Asia/Shanghai' });
  for (const answer of [
    await master.api('PUT', '/jobs/a', job, chinese),
    await master.api('PATCH', '/jobs/a', { description: 'x' }, chinese),
    await master.api('GET', '/jobs/a', undefined, chinese),
  ]) {
    expect(answer.headers).toMatchObject({ 'content-language': 'zh', vary: 'accept-language' });
    expect(answer.json<JobView>().schedule).toMatch(HAN);
  }
  const list = await master.api('GET', '/jobs', undefined, chinese);
  expect(list.headers).toMatchObject({ 'content-language': 'zh', vary: 'accept-language' });
  expect(list.json<{ items: JobView[] }>().items[0]?.schedule).toMatch(HAN);
  const english = await master.api('GET', '/jobs');
  expect(english.headers['content-language']).toBe('en');
  expect(english.json<{ items: JobView[] }>().items[0]?.schedule).toBe('At 03:00 (Asia/Shanghai)');
  expect((await master.api('GET', '/jobs/a')).json<JobView>().schedule).toBe('At 03:00 (Asia/Shanghai)');
});

test('a live socket speaks the language that its address asks for', async () => {
  await using master = await startMaster();
  const look = async (path: string, headers: Record<string, string> = {}) => {
    const socket = (await master.app.injectWS(`/api/v1/live${path}`, {
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    })) as unknown as WebSocket;
    const got: string[] = [];
    socket.on('message', (text: Buffer) => got.push(text.toString()));
    socket.send(JSON.stringify({ op: 'subscribe', topic: 'jobs' }));
    await until(
      () => got.length,
      (length) => length > 0,
    );
    return () =>
      until(
        () => got.map((text) => (JSON.parse(text) as { event?: { job: JobView } }).event?.job.schedule).find((each) => each),
        (found) => found !== undefined,
      );
  };
  const [zh, en, browser] = [
    await look('?lang=zh'),
    await look('?lang=en', { 'accept-language': 'zh' }),
    await look('', { 'accept-language': 'zh' }),
  ];
  await master.api('PUT', '/jobs/a', aJob('a'));
  expect(await zh()).toMatch(HAN);
  expect(await browser()).toBe(await zh());
  expect(await en()).toBe('At 03:00');
});
