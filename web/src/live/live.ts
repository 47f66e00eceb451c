import type { LiveEvent, LiveMessage, LiveRequest } from '../../../src/domain/wire.ts';
import * as clock from '../clock.ts';
import { language } from '../language.ts';
import { olderOf, placeAfter, type Since } from './since.ts';

/** `since` when it is so: ms since the epoch. A page that has just opened is `connecting`, not `down`. */
export type LinkState = { readonly is: 'connecting' | 'up' | 'down'; readonly since: number };

/** Events come in order, and some may come twice: after a break, or when somebody else asks for the same topic from further back. */
export type Subscriber = {
  readonly onEvent: (event: LiveEvent, asOf: string) => void;
  /** What was missed cannot be told: GET again, then subscribe anew. The subscription has ended. */
  readonly onResync: () => void;
  readonly onRefused?: (detail: string) => void;
};

/** What is used of a WebSocket. */
export type Socket = {
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((message: MessageEvent) => unknown) | null;
  onclose: ((close: CloseEvent) => unknown) | null;
  readonly send: (text: string) => void;
  readonly close: () => void;
};

export type LiveDeps = {
  readonly open: () => Socket;
  readonly now: () => number;
  readonly later: (ms: number, act: () => void) => () => void;
  /** The master closed the door: the session may have ended. */
  readonly onShut: () => void;
  readonly random?: () => number;
};

const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 10_000;
/** So long after the last message the link is tried: a phone that changed its network hears nothing, and no close either. */
const QUIET_MS = 15_000;
const ANSWER_MS = 10_000;
/** A topic that does not exist is refused: that is an answer, and costs the master nothing. */
const PROBE: LiveRequest = { op: 'subscribe', topic: 'ping' };
const SIGNED_OUT = 4401;

type Topic = { since: Since | undefined; readonly subscribers: Set<Subscriber> };

export type Live = ReturnType<typeof createLive>;

/** The live socket: one for the page, made anew when it breaks, sooner first and then every ten seconds. Each topic goes on from the last position
 *  that it has seen, so nothing is lost. */
export const createLive = ({ open, now, later, onShut, random = Math.random }: LiveDeps) => {
  const topics = new Map<string, Topic>();
  const listeners = new Set<() => void>();
  let state: LinkState = { is: 'connecting', since: now() };
  let socket: Socket | undefined;
  let waitMs = FIRST_WAIT_MS;
  /** The one timer: until the next try while down, until the next probe while up. */
  let callOff = (): void => undefined;

  const become = (is: LinkState['is']): void => {
    if (state.is === is) return;
    state = { is, since: now() };
    for (const listener of listeners) listener();
  };
  const say = (message: LiveRequest): void => {
    if (state.is === 'up') socket?.send(JSON.stringify(message));
  };
  const ask = (topic: string, since: Since | undefined): void => {
    say({ op: 'subscribe', topic, ...(since === undefined ? {} : { since }) });
  };

  const probe = (): void => {
    callOff();
    say(PROBE);
    callOff = later(ANSWER_MS, lose);
  };
  const listenOn = (): void => {
    callOff();
    callOff = later(QUIET_MS, probe);
  };

  const hear = (message: LiveMessage): void => {
    const topic = topics.get(message.topic);
    if (!topic) return;
    switch (message.type) {
      case 'subscribed':
        // What was missed comes after this, so the position is not yet ours.
        return;
      case 'event':
        topic.since = placeAfter(topic.since, message.event, message.asOf);
        for (const { onEvent } of [...topic.subscribers]) onEvent(message.event, message.asOf);
        return;
      case 'resync':
        topics.delete(message.topic);
        for (const { onResync } of topic.subscribers) onResync();
        return;
      case 'refused':
        topics.delete(message.topic);
        for (const { onRefused } of topic.subscribers) onRefused?.(message.detail);
        return;
      default:
        message satisfies never;
    }
  };

  const forget = (): void => {
    callOff();
    if (!socket) return;
    [socket.onopen, socket.onmessage, socket.onclose] = [null, null, null];
    socket.close();
    socket = undefined;
  };
  const lose = (): void => {
    forget();
    become('down');
    callOff = later(waitMs * (0.75 + random() / 2), connect);
    waitMs = Math.min(MOST_WAIT_MS, waitMs * 2);
  };
  const connect = (): void => {
    forget();
    const mine = open();
    socket = mine;
    mine.onopen = () => {
      waitMs = FIRST_WAIT_MS;
      become('up');
      listenOn();
      for (const [name, { since }] of topics) ask(name, since);
    };
    mine.onmessage = ({ data }) => {
      listenOn();
      hear(JSON.parse(String(data)) as LiveMessage);
    };
    mine.onclose = ({ code }) => {
      const wasUp = state.is === 'up';
      lose();
      if (!wasUp || code === SIGNED_OUT) onShut();
    };
    // A way that swallows everything answers an attempt to connect never.
    callOff = later(ANSWER_MS, lose);
  };

  return {
    /** Opens the link and keeps it; answers how to end it. */
    start: (): (() => void) => {
      connect();
      return () => {
        forget();
        become('connecting');
      };
    },
    /** The machine woke up or has a network again: do not wait for the next try. */
    wake: (): void => {
      if (state.is === 'up') probe();
      else if (state.is === 'down') connect();
    },
    state: (): LinkState => state,
    onState: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    /** From `since` on: an `asOf`, or for a run the place in its events. Answers how to end it. */
    subscribe: (name: string, since: Since | undefined, subscriber: Subscriber): (() => void) => {
      const topic = topics.get(name) ?? { since, subscribers: new Set() };
      topics.set(name, topic);
      topic.subscribers.add(subscriber);
      topic.since = olderOf(topic.since, since);
      ask(name, topic.since);
      return () => {
        topic.subscribers.delete(subscriber);
        if (topic.subscribers.size > 0 || topics.get(name) !== topic) return;
        topics.delete(name);
        say({ op: 'unsubscribe', topic: name });
      };
    },
  };
};

/** Told when the master closed the door, or did not open it. */
export const shut = new EventTarget();

/** The page's own link. */
export const live: Live = createLive({
  // A page cannot set a header of its socket: the address says the language of what is told in words.
  open: () => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live?lang=${language}`),
  now: clock.now,
  later: clock.later,
  onShut: () => shut.dispatchEvent(new Event('shut')),
});
