// What the harness sees of etcd, by its HTTP gateway: every change from the first to the last, and what is there.
import type { Nodes } from './nodes.ts';
import { PREFIX } from './nodes.ts';
import { wait } from './time.ts';

/** A change of one key; `value` is undefined where it was deleted. */
export type Change = { readonly revision: number; readonly key: string; readonly value: string | undefined };
export type Entry = { readonly key: string; readonly value: string; readonly revision: number };

const encode = (text: string): string => Buffer.from(text).toString('base64');
const decode = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('utf8');
const range = { key: encode(`${PREFIX}/`), range_end: encode(`${PREFIX}0`) };
const SILENCE_MS = 5_000;

type Kv = { readonly key: string; readonly value?: string; readonly mod_revision: string };
type Message = {
  readonly result?: {
    readonly header?: { readonly revision?: string };
    readonly compact_revision?: string;
    readonly events?: readonly { readonly type?: string; readonly kv: Kv }[];
  };
};

/** Asks one member after the other until one answers. */
const ask = async <T>(nodes: Nodes, path: string, body: object, member?: string, limitMs = 60_000): Promise<T> => {
  const members = member === undefined ? nodes.names.etcds : [member];
  const end = performance.now() + limitMs;
  for (let tries = 0; ; tries += 1) {
    const url = nodes.get(members[tries % members.length] ?? '').url;
    try {
      const answer = await fetch(`${url}${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(5_000),
      });
      if (answer.ok) return (await answer.json()) as T;
      throw new Error(`${path} answered ${String(answer.status)}: ${await answer.text()}`);
    } catch (error) {
      if (performance.now() > end) throw error;
      await wait(200);
    }
  }
};

export const dumpOf = async (nodes: Nodes): Promise<readonly Entry[]> => {
  const { kvs = [] } = await ask<{ kvs?: readonly Kv[] }>(nodes, '/v3/kv/range', range);
  return kvs.map(({ key, value, mod_revision }) => ({ key: decode(key), value: decode(value), revision: Number(mod_revision) }));
};

export const compact = (nodes: Nodes, revision: number): Promise<unknown> =>
  ask(nodes, '/v3/kv/compaction', { revision: String(revision), physical: true }, undefined, 0);
export const defragment = (nodes: Nodes, member: string): Promise<unknown> =>
  ask(nodes, '/v3/maintenance/defragment', {}, member, 0);

export type Recorder = {
  readonly changes: readonly Change[];
  /** All changes up to this revision are recorded. */
  readonly revision: () => number;
  readonly stop: () => Promise<void>;
};

/** Follows all keys, over whichever member answers, without a hole: a compaction must not go further than `revision()`. `failed` is called when a hole cannot be ruled out. */
export const recordChanges = (nodes: Nodes, failed: (why: string) => void): Recorder => {
  const changes: Change[] = [];
  const stopping = new AbortController();
  let revision = 0;
  const follow = async (url: string): Promise<void> => {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      const answer = await fetch(`${url}/v3/watch`, {
        method: 'POST',
        body: JSON.stringify({ create_request: { ...range, start_revision: String(revision + 1) } }),
        signal: AbortSignal.any([silent.signal, stopping.signal]),
      });
      let rest = '';
      const text = new TextDecoder();
      for await (const chunk of answer.body ?? []) {
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENCE_MS);
        const lines = (rest + text.decode(chunk as Uint8Array, { stream: true })).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') take(JSON.parse(line) as Message);
      }
    } finally {
      clearTimeout(timer);
    }
  };
  const take = ({ result }: Message): void => {
    if (Number(result?.compact_revision ?? 0) > revision + 1)
      failed(`the record of etcd has a hole before ${result?.compact_revision ?? ''}`);
    for (const { type, kv } of result?.events ?? []) {
      const at = Number(kv.mod_revision);
      if (at <= revision && changes.some((known) => known.revision === at && known.key === decode(kv.key))) continue;
      changes.push({ revision: at, key: decode(kv.key), value: type === 'DELETE' ? undefined : decode(kv.value) });
    }
    const last = changes.at(-1);
    if (last) revision = Math.max(revision, last.revision);
  };
  const done = (async () => {
    for (let tries = 0; !stopping.signal.aborted; tries += 1) {
      const member = nodes.names.etcds[tries % nodes.names.etcds.length] ?? '';
      await follow(nodes.get(member).url).catch(() => undefined);
      await wait(100);
    }
  })();
  return {
    changes,
    revision: () => revision,
    stop: async () => {
      stopping.abort();
      await done;
    },
  };
};
