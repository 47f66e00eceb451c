// Groups of tests on what may be absent on some machine. Where it is, they are skipped by name, and `npm test` says so; CI fails unless
// test/optional.json allows it.
import { describe, inject } from 'vitest';
import type { SharedServer } from './shared-servers.ts';

const onEvery = (what: string, servers: readonly SharedServer[], title: string, body: (server: SharedServer) => void): void => {
  if (servers.length === 0) describe.skip(`${title} [needs ${what}]`, () => body({ name: what, kind: 'built', url: '' }));
  for (const server of servers) describe(`${title}: ${server.name}`, () => body(server));
};

/** One `describe` for each etcd that can be had. It is shared: work under a `uniqueName` prefix, and do not kill it. */
export const onEveryEtcd = (title: string, body: (etcd: SharedServer) => void): void =>
  onEvery('etcd', inject('etcds'), title, body);

/** One `describe` for each server of the MongoDB protocol that can be had. Work in a `uniqueName` database, and do not kill it. */
export const onEveryMongo = (title: string, body: (mongo: SharedServer) => void): void =>
  onEvery('mongo', inject('mongos'), title, body);

/** A `describe` that gets the path of a Chromium, for playwright-core's `executablePath`. */
export const withChromium = (title: string, body: (executablePath: string) => void): void => {
  const path = inject('chromium');
  if (path === '') describe.skip(`${title} [needs chromium]`, () => body(''));
  else describe(title, () => body(path));
};
