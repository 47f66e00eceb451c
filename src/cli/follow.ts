import WebSocket from 'ws';
import { createMarked } from '../domain/dropped.ts';
import { applyRunEvent, type Run, type RunEvent } from '../domain/run.ts';
import type { LiveMessage } from '../domain/wire.ts';
import { Told, type Client } from './client.ts';

/** Prints a run's output from its first byte until it has ended, by the live socket. Resolves with the run; rejects when the socket breaks. */
export const followOutput = async (client: Client, runId: string, write: (bytes: Uint8Array) => void): Promise<Run> =>
  new Promise((resolve, reject) => {
    const topic = `run/${runId}`;
    const socket = new WebSocket(`${client.base.replace(/^http/, 'ws')}/api/v1/live`, { headers: client.headers });
    let run: Run | undefined;
    const marked = createMarked();
    let isDone = false;
    const finish = (end: () => void): void => {
      if (isDone) return;
      isDone = true;
      socket.close();
      end();
    };
    const fail = (why: string): void => {
      finish(() => {
        reject(new Told(why));
      });
    };
    socket.on('open', () => {
      socket.send(JSON.stringify({ op: 'subscribe', topic, since: { attempt: 1, seq: -1 } }));
    });
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as LiveMessage;
      if (message.topic !== topic) return;
      if (message.type === 'refused') fail(message.detail);
      if (message.type === 'resync') fail('the master could not keep up: follow it again');
      if (message.type !== 'event') return;
      const event = eventOf(message.event);
      if (event.type === 'output') {
        for (const bytes of marked.of(event)) write(bytes);
      }
      run = applyRunEvent(run, event);
      const ended = run;
      if (ended?.state === 'finished')
        finish(() => {
          for (const bytes of marked.end()) write(bytes);
          resolve(ended);
        });
    });
    socket.on('error', (error) => {
      fail(`the live socket of ${client.base} broke: ${error.message}`);
    });
    socket.on('close', () => {
      fail(`the live socket of ${client.base} was closed`);
    });
  });

const eventOf = (event: unknown): RunEvent => {
  const { data, ...rest } = event as { data?: string };
  return (data === undefined ? rest : { ...rest, data: new Uint8Array(Buffer.from(data, 'base64')) }) as unknown as RunEvent;
};
