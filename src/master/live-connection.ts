import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { createCheck } from '../domain/problem.ts';
import { LiveRequest } from '../domain/wire.ts';
import type { Language } from '../domain/words.ts';
import type { Clock } from '../streams/clock.ts';
import type { RouteStores } from './errors.ts';
import { eventMessage, type LiveHub, type Onlooker } from './live-hub.ts';
import type { Projection } from './projection.ts';
import { eventView } from './routes/runs.ts';
import { runTail, START, type Place } from './run-tail.ts';

export type ConnectionDeps = {
  readonly hub: LiveHub;
  readonly projection: Pick<Projection, 'position' | 'hasAll'>;
  readonly runLog: RouteStores['runLog'];
  readonly clock: Clock;
  readonly log: Logger;
  readonly language: Language;
};

const MOST_TOPICS = 1_000;
/** Each of these asks the run log several times a second. */
const MOST_TAILS = 10;
const MOST_MESSAGE = 16 * 1024;
const MOST_TOPIC = 300;
/** Above this a client counts as too slow: what is not sent is dropped, and it is told to look at the lists again. */
const MOST_BUFFERED = 1024 * 1024;
const LITTLE_BUFFERED = 256 * 1024;
const SLOW_MS = 30_000;

const checkRequest = createCheck(LiveRequest);
const TOPIC = /^(jobs|runs|workers|alerts|(job|run)\/.+)$/s;

export type Connection = ReturnType<typeof createConnection>;

/** One client of the live socket. Holds no more than its topics and a bounded buffer, whatever the client sends or does not read. */
export const createConnection = (socket: WebSocket, { hub, projection, runLog, clock, log, language }: ConnectionDeps) => {
  /** Ends each topic's supply. */
  const topics = new Map<string, () => void>();
  /** Topics that were dropped, to be told once the client reads again. */
  const fallen = new Set<string>();
  let slowSince: number | undefined;

  const say = (message: object): void => {
    socket.send(JSON.stringify(message));
  };
  const refuse = (topic: string, code: string, detail: string): void => {
    say({ topic: topic.slice(0, MOST_TOPIC), type: 'refused', code, detail });
  };
  const drop = (topic: string): void => {
    topics.get(topic)?.();
    topics.delete(topic);
  };
  const resync = (topic: string): void => {
    drop(topic);
    if (socket.bufferedAmount > MOST_BUFFERED) fallen.add(topic);
    else say({ topic, type: 'resync' });
  };
  const onlookerOf = (topic: string): Onlooker => ({
    language,
    send: (text) => {
      if (socket.bufferedAmount > MOST_BUFFERED) resync(topic);
      else socket.send(text);
    },
    resync: () => {
      resync(topic);
    },
  });

  const look = (topic: string, since: string | undefined): void => {
    const missed = since === undefined ? [] : /^\d{1,16}$/.test(since) ? hub.since(topic, Number(since), language) : undefined;
    if (!missed || !projection.hasAll()) {
      resync(topic);
      return;
    }
    const onlooker = onlookerOf(topic);
    topics.set(topic, () => {
      hub.detach(topic, onlooker);
    });
    say({ topic, type: 'subscribed', asOf: String(projection.position()) });
    hub.attach(topic, onlooker);
    for (const text of missed) if (topics.has(topic)) onlooker.send(text);
  };

  const follow = async (topic: string, runId: string, place: Place, signal: AbortSignal): Promise<void> => {
    const tail = runTail(runId, place, {
      runLog,
      clock,
      signal,
      mayRead: () => socket.bufferedAmount < LITTLE_BUFFERED,
      onError: (error) => {
        log.debug({ err: error, run: runId }, 'the run log could not be asked for the events of a run that somebody looks at');
      },
    });
    for await (const event of tail) socket.send(eventMessage(topic, JSON.stringify(eventView(event)), projection.position()));
  };

  const tailOf = (topic: string, place: Place): void => {
    const tails = [...topics.keys()].filter((each) => each.startsWith('run/')).length;
    if (tails >= MOST_TAILS) {
      refuse(topic, 'tooManyRuns', `one connection follows at most ${String(MOST_TAILS)} runs at once`);
      return;
    }
    const end = new AbortController();
    topics.set(topic, () => {
      end.abort();
    });
    say({ topic, type: 'subscribed', asOf: String(projection.position()) });
    follow(topic, topic.slice('run/'.length), place, end.signal).catch((error: unknown) => {
      log.error({ err: error, topic }, 'a run can no longer be followed');
      resync(topic);
    });
  };

  const subscribe = (topic: string, since: string | Place | undefined): void => {
    drop(topic);
    fallen.delete(topic);
    if (topic.length > MOST_TOPIC || !TOPIC.test(topic)) {
      refuse(topic, 'noSuchTopic', 'topics are jobs, runs, workers, alerts, job/<name> and run/<id>');
    } else if (topics.size >= MOST_TOPICS) {
      refuse(topic, 'tooManyTopics', `one connection has at most ${String(MOST_TOPICS)} topics`);
    } else if (topic.startsWith('run/')) {
      if (typeof since === 'string') refuse(topic, 'invalid', 'the place in a run is {"attempt", "seq"}');
      else tailOf(topic, since ?? START);
    } else if (typeof since === 'object') {
      refuse(topic, 'invalid', '"since" is the asOf of a list or of a message');
    } else look(topic, since);
  };

  const onText = (text: string): void => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      refuse('', 'notJson', 'a message is a JSON object');
      return;
    }
    const checked = checkRequest(parsed);
    const topic =
      typeof parsed === 'object' && parsed !== null && 'topic' in parsed && typeof parsed.topic === 'string' ? parsed.topic : '';
    if (!checked.ok)
      refuse(topic, 'invalid', 'send {"op": "subscribe", "topic": …, "since"?: …} or {"op": "unsubscribe", "topic": …}');
    else if (checked.value.op === 'unsubscribe') drop(checked.value.topic);
    else subscribe(checked.value.topic, checked.value.since);
  };

  return {
    onMessage: (bytes: Buffer): void => {
      // Who does not read is not answered: what it sends is passed over until it does.
      if (socket.bufferedAmount > MOST_BUFFERED) return;
      if (bytes.length > MOST_MESSAGE) refuse('', 'tooBig', `a message has at most ${String(MOST_MESSAGE)} bytes`);
      else onText(bytes.toString());
    },
    /** Looks after a slow client: tells it what it has missed once it reads again, ends the connection when it never does. */
    tend: (): void => {
      if (socket.bufferedAmount <= LITTLE_BUFFERED) {
        slowSince = undefined;
        for (const topic of fallen) say({ topic, type: 'resync' });
        fallen.clear();
      } else if (socket.bufferedAmount > MOST_BUFFERED) {
        slowSince ??= clock.monotonic();
        if (clock.monotonic() - slowSince > SLOW_MS) socket.terminate();
      }
    },
    close: (): void => {
      for (const topic of [...topics.keys()]) drop(topic);
    },
  };
};
