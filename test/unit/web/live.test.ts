import { expect, test } from 'vitest';
import type { LiveMessage } from '../../../src/domain/wire.ts';
import { createLive, type Socket, type Subscriber } from '../../../web/src/live/live.ts';

/** A link without network, and a clock without time. */
const setUp = () => {
  let at = 0;
  let timers: { due: number; act: () => void }[] = [];
  const sockets: (Socket & { sent: unknown[]; isClosed: boolean; hear: (message: LiveMessage) => void })[] = [];
  let shuts = 0;
  const live = createLive({
    open: () => {
      const sent: unknown[] = [];
      const socket = {
        onopen: null,
        onmessage: null,
        onclose: null,
        sent,
        isClosed: false,
        send: (text: string) => sent.push(JSON.parse(text)),
        close: () => (socket.isClosed = true),
        hear: (message: LiveMessage) => socket.onmessage?.({ data: JSON.stringify(message) } as MessageEvent),
      } as (typeof sockets)[number] & { isClosed: boolean };
      sockets.push(socket);
      return socket;
    },
    now: () => at,
    later: (ms, act) => {
      const timer = { due: at + ms, act };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    onShut: () => (shuts += 1),
    random: () => 0.5,
  });
  return {
    live,
    socket: () => sockets.at(-1)!,
    opened: () => sockets.length,
    shuts: () => shuts,
    open: () => sockets.at(-1)!.onopen?.({} as Event),
    close: (code = 1006) => sockets.at(-1)!.onclose?.({ code } as CloseEvent),
    pass: (ms: number) => {
      const end = at + ms;
      for (;;) {
        const next = timers.toSorted((a, b) => a.due - b.due)[0];
        if (!next || next.due > end) break;
        at = next.due;
        timers = timers.filter((each) => each !== next);
        next.act();
      }
      at = end;
    },
  };
};

const listener = () => {
  const heard: string[] = [];
  const subscriber: Subscriber = {
    onEvent: (event, asOf) => heard.push(`${event.type}@${asOf}`),
    onResync: () => heard.push('resync'),
    onRefused: (detail) => heard.push(`refused: ${detail}`),
  };
  return { heard, subscriber };
};

const changed = (topic: string, asOf: string): LiveMessage => ({
  topic,
  type: 'event',
  event: { type: 'jobRemoved', name: 'a' },
  asOf,
});
const output = (attempt: number, seq: number, asOf: string): LiveMessage => ({
  topic: 'run/r',
  type: 'event',
  event: { type: 'output', runId: 'r', job: 'a', attempt, seq, at: '2027-01-01T00:00:00.000Z' },
  asOf,
});

test('subscribes once the link is open, from the position of the list', () => {
  const { live, socket, open } = setUp();
  const { heard, subscriber } = listener();
  live.start();
  live.subscribe('jobs', '7', subscriber);
  expect(socket().sent).toEqual([]);
  open();
  expect(socket().sent).toEqual([{ op: 'subscribe', topic: 'jobs', since: '7' }]);
  socket().hear(changed('jobs', '8'));
  socket().hear(changed('workers', '9'));
  expect(heard).toEqual(['jobRemoved@8']);
});

test('after a break it goes on from the last position that it saw, not from the answer to its subscription', () => {
  const { live, socket, open, close, pass } = setUp();
  const { subscriber } = listener();
  live.start();
  open();
  live.subscribe('jobs', '7', subscriber);
  socket().hear({ topic: 'jobs', type: 'subscribed', asOf: '20' });
  close();
  expect(live.state()).toEqual({ is: 'down', since: 0 });
  pass(500);
  open();
  expect(socket().sent).toEqual([{ op: 'subscribe', topic: 'jobs', since: '7' }]);
  socket().hear(changed('jobs', '12'));
  close();
  pass(500);
  open();
  expect(socket().sent).toEqual([{ op: 'subscribe', topic: 'jobs', since: '12' }]);
  expect(live.state()).toEqual({ is: 'up', since: 1_000 });
});

test('a run is followed from the newest event seen, by attempt and number', () => {
  const { live, socket, open, close, pass } = setUp();
  live.start();
  open();
  live.subscribe('run/r', { attempt: 1, seq: -1 }, listener().subscriber);
  socket().hear(output(1, 0, '3'));
  socket().hear(output(2, 4, '9'));
  close();
  pass(500);
  open();
  expect(socket().sent).toEqual([{ op: 'subscribe', topic: 'run/r', since: { attempt: 2, seq: 4 } }]);
});

test('waits longer after each try in vain, ten seconds at most, and starts over once the link was up', () => {
  const { live, opened, open, close, pass } = setUp();
  live.start();
  const waits = [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000];
  for (const [index, wait] of waits.entries()) {
    close();
    pass(wait - 1);
    expect(opened()).toBe(index + 1);
    pass(1);
    expect(opened()).toBe(index + 2);
  }
  open();
  close();
  pass(500);
  expect(opened()).toBe(waits.length + 2);
});

test('an attempt to connect that nobody answers is given up', () => {
  const { live, socket, opened, pass } = setUp();
  live.start();
  const first = socket();
  pass(10_000);
  expect(first.isClosed).toBe(true);
  expect(live.state().is).toBe('down');
  pass(500);
  expect(opened()).toBe(2);
});

test('a link that died without a word is noticed, and one that is only quiet is kept', () => {
  const { live, socket, open, pass } = setUp();
  live.start();
  open();
  pass(15_000);
  expect(socket().sent).toEqual([{ op: 'subscribe', topic: 'ping' }]);
  socket().hear({ topic: 'ping', type: 'refused', code: 'noSuchTopic', detail: 'no' });
  pass(10_000);
  expect(live.state().is).toBe('up');
  pass(5_000);
  expect(socket().sent).toHaveLength(2);
  pass(10_000);
  expect(live.state()).toEqual({ is: 'down', since: 40_000 });
});

test('a machine that wakes up tries at once', () => {
  const { live, opened, open, close, pass } = setUp();
  live.start();
  for (let n = 0; n < 6; n += 1) {
    close();
    pass(10_000);
  }
  close();
  const before = opened();
  live.wake();
  expect(opened()).toBe(before + 1);
  open();
  expect(live.state().is).toBe('up');
});

test('a resync and a refusal end the subscription and tell it', () => {
  const { live, socket, open, close, pass } = setUp();
  const [jobs, run] = [listener(), listener()];
  live.start();
  open();
  live.subscribe('jobs', '1', jobs.subscriber);
  const end = live.subscribe('run/r', { attempt: 1, seq: -1 }, run.subscriber);
  socket().hear({ topic: 'jobs', type: 'resync' });
  socket().hear({ topic: 'run/r', type: 'refused', code: 'tooManyRuns', detail: 'too many' });
  expect([jobs.heard, run.heard]).toEqual([['resync'], ['refused: too many']]);
  end();
  close();
  pass(500);
  open();
  expect(socket().sent).toEqual([]);
});

test('two who look at one topic are one subscription, from the older position; it ends with the second', () => {
  const { live, socket, open } = setUp();
  const [a, b] = [listener(), listener()];
  live.start();
  open();
  const endA = live.subscribe('jobs', '9', a.subscriber);
  const endB = live.subscribe('jobs', '5', b.subscriber);
  socket().hear(changed('jobs', '10'));
  expect([a.heard, b.heard]).toEqual([['jobRemoved@10'], ['jobRemoved@10']]);
  endA();
  endB();
  endB();
  expect(socket().sent).toEqual([
    { op: 'subscribe', topic: 'jobs', since: '9' },
    { op: 'subscribe', topic: 'jobs', since: '5' },
    { op: 'unsubscribe', topic: 'jobs' },
  ]);
});

test('a door that does not open, or shuts because of the session, is told; a plain break is not', () => {
  const { live, open, close, pass, shuts } = setUp();
  live.start();
  close();
  expect(shuts()).toBe(1);
  pass(500);
  open();
  close(1006);
  expect(shuts()).toBe(1);
  pass(500);
  open();
  close(4401);
  expect(shuts()).toBe(2);
});

test('once ended it stays ended', () => {
  const { live, opened, socket, open, pass } = setUp();
  const stop = live.start();
  open();
  stop();
  pass(60_000);
  expect(opened()).toBe(1);
  expect(socket().isClosed).toBe(true);
});
