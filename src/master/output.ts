import { createMarked } from '../domain/dropped.ts';
import type { EventOf, StoredRunEvent } from '../domain/events.ts';

/** Only the bytes from `from` on, counted over everything that is given. */
export async function* bytesFrom(chunks: AsyncIterable<Uint8Array>, from: number): AsyncGenerator<Uint8Array> {
  let left = from;
  for await (const chunk of chunks) {
    const rest = left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
    if (rest.length > 0) yield rest;
  }
}

/** The last `count` bytes of what `bytesOf` makes of events that come newest first: takes no more of them than it needs. */
export async function* lastBytes(newestFirst: AsyncIterable<StoredRunEvent>, count: number): AsyncGenerator<Uint8Array> {
  if (count === 0) return;
  const kept: EventOf<'output'>[] = [];
  let length = 0;
  for await (const event of outputs(newestFirst)) {
    kept.push(event);
    // One more than enough: by its end it is known whether a line begins after it.
    if (length >= count && event.data.length > 0) break;
    length += event.data.length;
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytesOf(asAsync(kept.reverse()))) chunks.push(chunk);
  const whole = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  yield* bytesFrom(asAsync(chunks), Math.max(0, whole - count));
}

async function* asAsync<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

export async function* outputs(events: AsyncIterable<StoredRunEvent>): AsyncGenerator<EventOf<'output'>> {
  for await (const event of events) if (event.type === 'output') yield event;
}

/** All that was printed, attempts one after the other; where bytes were dropped, a line says how many. */
export async function* bytesOf(events: AsyncIterable<StoredRunEvent>): AsyncGenerator<Uint8Array> {
  const marked = createMarked();
  for await (const event of outputs(events)) yield* marked.of(event);
  yield* marked.end();
}
