import type { LiveEvent, LiveMessage } from '../../src/domain/wire.ts';
import { later, now } from './clock.ts';

export type LinkState = { readonly isUp: boolean; readonly since: number };

export type Subscriber = {
  readonly onEvent: (event: LiveEvent, asOf: string) => void;
  /** What was missed cannot be told: GET again, then subscribe anew. */
  readonly onResync: () => void;
};

type Since = string | { readonly attempt: number; readonly seq: number } | undefined;
type Topic = { since: Since; readonly subscriber: Subscriber };

const FIRST_WAIT_MS = 500;
const MOST_WAIT_MS = 10_000;

/** The live socket: one for the page, made anew when it breaks. Each topic goes on from the last position that it has seen, so nothing is lost or told twice. */
export const createLive = (open: () => WebSocket) => {
  const topics = new Map<string, Topic>();
  const listeners = new Set<(state: LinkState) => void>();
  let socket: WebSocket | undefined;
  let state: LinkState = { isUp: false, since: now() };
  let waitMs = FIRST_WAIT_MS;
  let callOff: (() => void) | undefined;

  const setUp = (isUp: boolean): void => {
    if (state.isUp === isUp) return;
    state = { isUp, since: now() };
    for (const listener of listeners) listener(state);
  };
  const say = (message: object): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };
  const ask = (topic: string, { since }: Topic): void => {
    say({ op: 'subscribe', topic, ...(since === undefined ? {} : { since }) });
  };
  const hear = (message: LiveMessage): void => {
    const topic = topics.get(message.topic);
    if (!topic) return;
    if (message.type === 'event') {
      topic.since = placeAfter(topic.since, message.event, message.asOf);
      topic.subscriber.onEvent(message.event, message.asOf);
    } else if (message.type === 'resync') topic.subscriber.onResync();
  };
  const connect = (): void => {
    const mine = open();
    socket = mine;
    mine.onopen = () => {
      waitMs = FIRST_WAIT_MS;
      setUp(true);
      for (const [name, topic] of topics) ask(name, topic);
    };
    mine.onmessage = ({ data }) => {
      hear(JSON.parse(String(data)) as LiveMessage);
    };
    mine.onclose = () => {
      setUp(false);
      callOff = later(waitMs, connect);
      waitMs = Math.min(MOST_WAIT_MS, waitMs * 2);
    };
  };

  return {
    start: connect,
    stop: (): void => {
      callOff?.();
      if (socket) socket.onclose = null;
      socket?.close();
    },
    state: () => state,
    onState: (listener: (now: LinkState) => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** From `since` on: an `asOf`, or for a run the place in its events. Answers how to end it. */
    subscribe: (name: string, since: Since, subscriber: Subscriber): (() => void) => {
      const topic = { since, subscriber };
      topics.set(name, topic);
      ask(name, topic);
      return () => {
        if (topics.get(name) !== topic) return;
        topics.delete(name);
        say({ op: 'unsubscribe', topic: name });
      };
    },
  };
};

const placeAfter = (since: Since, event: LiveEvent, asOf: string): Since => {
  if (typeof since !== 'object') return asOf;
  return 'attempt' in event && typeof event['seq'] === 'number' ? { attempt: event.attempt, seq: event['seq'] } : since;
};

export const live = createLive(
  () => new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`),
);
