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

/** The last `count` bytes of chunks that come newest first: takes no more of them than it needs, and tells them in order. */
export async function* lastBytes(newestFirst: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  const kept: Uint8Array[] = [];
  let length = 0;
  if (count > 0)
    for await (const chunk of newestFirst) {
      kept.push(chunk);
      length += chunk.length;
      if (length >= count) break;
    }
  yield* bytesFrom(asAsync(kept.reverse()), Math.max(0, length - count));
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
