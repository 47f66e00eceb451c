import { join } from 'node:path';
import { CLOCK_LIMIT_MS } from '../domain/clock-offset.ts';
import { DEFAULT_PREFIX } from '../domain/keys.ts';
import { isZone } from '../domain/schedule/zone.ts';

/** What the commands that serve are told: by flag, by `CRONSTREAM_<NAME>`, by the JSON file of `--config`; the first of these that says something wins. */
export type Kind = 'up' | 'master' | 'worker';

type OptionKind = 'text' | 'list' | 'count' | 'flag';
type Option = {
  readonly kind: OptionKind;
  readonly in: readonly Kind[];
  /** Shown by --help; undefined: only from the environment or the file, since command lines are seen by everybody on the machine. */
  readonly flag?: string;
  readonly help: string;
};

const all: readonly Kind[] = ['up', 'master', 'worker'];
const serving: readonly Kind[] = ['up', 'master'];
const cluster: readonly Kind[] = ['master', 'worker'];
const working: readonly Kind[] = ['up', 'worker'];

/** Every option there is. Names are those of the file; flags and variables are made from them. */
export const OPTIONS = {
  data: { kind: 'text', in: working, flag: '--data <dir>', help: 'data folder (up: ./data)' },
  host: { kind: 'text', in: serving, flag: '--host <host>', help: 'address to listen on (127.0.0.1)' },
  port: { kind: 'count', in: serving, flag: '--port <port>', help: 'port to listen on (8070)' },
  timezone: {
    kind: 'text',
    in: serving,
    flag: '--timezone <zone>',
    help: 'time zone of jobs that are saved without one, as Europe/Berlin (UTC)',
  },
  retentionDays: {
    kind: 'count',
    in: serving,
    flag: '--retention-days <days>',
    help: 'runs are kept for so many days where their job says nothing of its own; 0: for ever (90)',
  },
  noAuth: { kind: 'flag', in: serving, flag: '--no-auth', help: 'everybody is admin; on a loopback address only' },
  demo: { kind: 'flag', in: ['up'], flag: '--demo', help: 'four example jobs, if the data folder is new' },
  etcd: { kind: 'list', in: cluster, flag: '--etcd <urls>', help: 'etcd members, as http://etcd1:2379,http://etcd2:2379' },
  mongo: { kind: 'text', in: cluster, flag: '--mongo <url>', help: 'MongoDB, as mongodb://mongo:27017' },
  prefix: { kind: 'text', in: cluster, flag: '--prefix <prefix>', help: 'where all keys lie in etcd (/cron)' },
  database: { kind: 'text', in: cluster, flag: '--database <name>', help: 'database in MongoDB (cron)' },
  etcdUser: {
    kind: 'text',
    in: cluster,
    flag: '--etcd-user <name>',
    help: 'user of etcd; its password by CRONSTREAM_ETCD_PASSWORD',
  },
  etcdPassword: { kind: 'text', in: cluster, help: 'password of the etcd user' },
  etcdCa: { kind: 'text', in: cluster, flag: '--etcd-ca <file>', help: 'certificate authority of etcd (PEM)' },
  etcdCert: { kind: 'text', in: cluster, flag: '--etcd-cert <file>', help: 'client certificate for etcd (PEM)' },
  etcdKey: { kind: 'text', in: cluster, flag: '--etcd-key <file>', help: 'its key (PEM)' },
  name: { kind: 'text', in: working, flag: '--name <name>', help: 'name of this worker, for people (host name)' },
  slots: { kind: 'count', in: working, flag: '--slots <n>', help: 'runs at once (100)' },
  labels: { kind: 'list', in: working, flag: '--labels <labels>', help: 'what jobs may ask for, as web,region=eu' },
  allow: {
    kind: 'list',
    in: working,
    flag: '--allow <jobs>',
    help: "names of the jobs that it runs, * for any text, as 'backup-*,report' (all)",
  },
  allowUsers: {
    kind: 'list',
    in: working,
    flag: '--allow-users <users>',
    help: 'as whom jobs may run by runAs; for a worker that runs as root (nobody but its own user)',
  },
  spoolLimit: {
    kind: 'count',
    in: working,
    flag: '--spool-limit <bytes>',
    help: 'what may wait on the disk for the run log, less where the disk is nearly full; above it the oldest output goes, never an outcome (2000000000)',
  },
  batchTime: {
    kind: 'count',
    in: working,
    flag: '--batch-time <ms>',
    help: 'an event waits at most so long for others that go to the run log with it (100)',
  },
  batchSize: {
    kind: 'count',
    in: working,
    flag: '--batch-size <events>',
    help: 'so many events go to the run log at once (1000)',
  },
  shipRate: {
    kind: 'count',
    in: working,
    flag: '--ship-rate <events>',
    help: 'events a second that it sends to the run log at most, also after that was away (5000)',
  },
  onStop: {
    kind: 'text',
    in: ['worker'],
    flag: '--on-stop <how>',
    help: 'on SIGTERM: leave the runs to the next process, wait for them, or end them (leave)',
  },
  drainTimeout: {
    kind: 'count',
    in: ['worker'],
    flag: '--drain-timeout <s>',
    help: 'with --on-stop wait: so many seconds, then what still runs is left to the next process (no limit)',
  },
  adminToken: { kind: 'text', in: serving, help: 'token of the first admin, at least 20 characters' },
  clockLimit: {
    kind: 'count',
    in: all,
    flag: '--clock-limit <ms>',
    help: 'off by more than this, and outside a majority, a worker takes nothing and a master does not lead (1000)',
  },
  logLevel: { kind: 'text', in: all, flag: '--log-level <level>', help: 'trace, debug, info, warn, error (info)' },
  timeScale: { kind: 'count', in: all, help: 'divides lateAfterMs, lostAfterMs, killGraceMs; for tests' },
} as const satisfies Record<string, Option>;
export type OptionName = keyof typeof OPTIONS;
export const optionNames = Object.keys(OPTIONS) as readonly OptionName[];

export const variableOf = (name: string): string =>
  `CRONSTREAM_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
export const flagOf = (name: OptionName): string => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

const ON_STOP = ['leave', 'wait', 'end'] as const;
type OnStop = (typeof ON_STOP)[number];

export type Config = {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly timezone: string | undefined;
  readonly retentionDays: number;
  readonly noAuth: boolean;
  readonly demo: boolean;
  readonly etcd: readonly string[];
  readonly mongo: string;
  readonly prefix: string;
  readonly database: string;
  readonly etcdUser: string | undefined;
  readonly etcdPassword: string | undefined;
  readonly etcdCa: string | undefined;
  readonly etcdCert: string | undefined;
  readonly etcdKey: string | undefined;
  readonly name: string;
  readonly slots: number;
  readonly labels: readonly string[];
  readonly allow: readonly string[] | undefined;
  readonly allowUsers: readonly string[];
  /** Bytes. */
  readonly spoolLimit: number;
  /** Milliseconds. */
  readonly batchTime: number;
  /** Events. */
  readonly batchSize: number;
  /** Events a second. */
  readonly shipRate: number;
  readonly onStop: OnStop;
  /** Seconds; undefined: no limit. */
  readonly drainTimeout: number | undefined;
  readonly adminToken: string | undefined;
  /** Milliseconds. */
  readonly clockLimit: number;
  readonly logLevel: string;
  readonly timeScale: number;
};

export type Sources = {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Name and content of the file of `--config`. */
  readonly file: { readonly name: string; readonly text: string } | undefined;
  readonly hostname: string;
};

type Given = { readonly from: string; readonly value: unknown };
export type Resolved =
  { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly string[] };

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const LABEL = /^[\p{L}\p{N}._-]+(=[\p{L}\p{N}._/-]+)?$/u;

/** The whole configuration, or everything that is wrong with it, each with where it was said. Pure. */
export const resolveConfig = (kind: Kind, { flags, env, file, hostname }: Sources): Resolved => {
  const problems: string[] = [];
  const fromFile = file === undefined ? {} : readFile(file, kind, problems);
  const given = (name: OptionName): Given | undefined => {
    if (!isIn(name, kind)) return undefined;
    if (flags[name] !== undefined) return { from: flagOf(name), value: flags[name] };
    const variable = env[variableOf(name)];
    if (variable !== undefined && variable !== '') return { from: variableOf(name), value: variable };
    return fromFile[name] === undefined ? undefined : { from: `${file?.name ?? ''}: ${name}`, value: fromFile[name] };
  };
  const read = <T>(name: OptionName, parse: (value: unknown) => T | undefined, want: string): T | undefined => {
    const found = given(name);
    if (!found) return undefined;
    const value = parse(found.value);
    if (value === undefined) problems.push(`${found.from}: ${shown(name, found.value)} is not ${want}`);
    return value;
  };
  const text = (name: OptionName): string | undefined =>
    read(name, (value) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined), 'a text');
  const list = (name: OptionName): readonly string[] | undefined => read(name, toList, 'a list, as a,b');
  const count = (name: OptionName, least: number, most: number): number | undefined =>
    read(name, (value) => toCount(value, least, most), `a whole number from ${String(least)} to ${String(most)}`);
  const flag = (name: OptionName): boolean => read(name, toFlag, 'true or false') ?? false;
  const checked = (
    name: OptionName,
    value: string | undefined,
    isGood: (value: string) => boolean,
    want: string,
  ): string | undefined => {
    if (value !== undefined && !isGood(value))
      problems.push(`${given(name)?.from ?? name}: ${shown(name, value)} is not ${want}`);
    return value;
  };

  const config: Config = {
    data: text('data') ?? (kind === 'up' ? join('.', 'data') : ''),
    host: text('host') ?? '127.0.0.1',
    port: count('port', 0, 65_535) ?? 8070,
    timezone: checked('timezone', text('timezone'), isZone, 'a time zone, as Europe/Berlin'),
    retentionDays: count('retentionDays', 0, 36_500) ?? 90,
    noAuth: flag('noAuth'),
    demo: flag('demo'),
    etcd: list('etcd') ?? [],
    mongo: checked('mongo', text('mongo'), (url) => /^mongodb(\+srv)?:\/\/./.test(url), 'a URL as mongodb://host:27017') ?? '',
    prefix:
      checked('prefix', text('prefix'), (prefix) => /^\/[^\s]*[^\s/]$/.test(prefix), `a prefix as ${DEFAULT_PREFIX}`) ??
      DEFAULT_PREFIX,
    database:
      checked('database', text('database'), (name) => /^[A-Za-z0-9_-]{1,60}$/.test(name), 'a name for a database') ?? 'cron',
    etcdUser: text('etcdUser'),
    etcdPassword: text('etcdPassword'),
    etcdCa: text('etcdCa'),
    etcdCert: text('etcdCert'),
    etcdKey: text('etcdKey'),
    name: text('name') ?? hostname,
    slots: count('slots', 1, 10_000) ?? 100,
    labels: list('labels') ?? [],
    allow: list('allow'),
    allowUsers: list('allowUsers') ?? [],
    spoolLimit: count('spoolLimit', 1_000_000, Number.MAX_SAFE_INTEGER) ?? 2_000_000_000,
    batchTime: count('batchTime', 1, 1_000) ?? 100,
    batchSize: count('batchSize', 1, 10_000) ?? 1_000,
    shipRate: count('shipRate', 1, 1_000_000) ?? 5_000,
    onStop: read('onStop', toOnStop, 'leave, wait or end') ?? 'leave',
    drainTimeout: count('drainTimeout', 0, 8_640_000),
    adminToken: checked('adminToken', text('adminToken'), (token) => token.length >= 20, 'long enough: at least 20 characters'),
    logLevel:
      checked('logLevel', text('logLevel'), (level) => LOG_LEVELS.includes(level), `one of ${LOG_LEVELS.join(', ')}`) ?? 'info',
    clockLimit: count('clockLimit', 50, 60_000) ?? CLOCK_LIMIT_MS,
    timeScale: count('timeScale', 1, 1_000) ?? 1,
  };
  for (const url of config.etcd)
    if (!/^https?:\/\/[^/\s]+$/.test(url))
      problems.push(`${given('etcd')?.from ?? 'etcd'}: "${url}" is not a URL as http://host:2379`);
  for (const label of config.labels)
    if (!LABEL.test(label)) problems.push(`${given('labels')?.from ?? 'labels'}: "${label}" is not a label, as web or region=eu`);
  for (const user of config.allowUsers)
    if (!USER.test(user)) problems.push(`${given('allowUsers')?.from ?? 'allowUsers'}: "${user}" is not the name of a user`);
  if (kind !== 'up' && given('etcd') === undefined) problems.push('--etcd (or CRONSTREAM_ETCD) is missing: where is etcd?');
  if (kind !== 'up' && given('mongo') === undefined) problems.push('--mongo (or CRONSTREAM_MONGO) is missing: where is MongoDB?');
  if (kind === 'worker' && given('data') === undefined)
    problems.push('--data (or CRONSTREAM_DATA) is missing: a worker needs a folder of its own');
  if (config.noAuth && !LOOPBACK.test(config.host))
    problems.push(`${given('noAuth')?.from ?? '--no-auth'}: only on a loopback address, and this listens on ${config.host}`);
  if ((config.etcdUser === undefined) !== (config.etcdPassword === undefined))
    problems.push('--etcd-user and CRONSTREAM_ETCD_PASSWORD belong together');
  if ((config.etcdCert === undefined) !== (config.etcdKey === undefined))
    problems.push('--etcd-cert and --etcd-key belong together');
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config };
};

const isIn = (name: OptionName, kind: Kind): boolean => (OPTIONS[name].in as readonly Kind[]).includes(kind);

const readFile = (
  { name, text }: { readonly name: string; readonly text: string },
  kind: Kind,
  problems: string[],
): Readonly<Record<string, unknown>> => {
  try {
    const raw: unknown = JSON.parse(text);
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw new Error('it is not an object');
    for (const key of Object.keys(raw)) {
      if (!(key in OPTIONS)) problems.push(`${name}: "${key}" is not an option`);
      else if (!isIn(key as OptionName, kind)) problems.push(`${name}: "${key}" is not an option of ${kind}`);
    }
    return raw as Record<string, unknown>;
  } catch (error) {
    problems.push(`${name}: cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
};

const shown = (name: OptionName, value: unknown): string =>
  /password|token|mongo/i.test(name) ? 'what is given' : JSON.stringify(value);

const toList = (value: unknown): readonly string[] | undefined => {
  const items = typeof value === 'string' ? value.split(',').map((item) => item.trim()) : value;
  return Array.isArray(items) && items.length > 0 && items.every((item) => typeof item === 'string' && item !== '')
    ? (items as string[])
    : undefined;
};
const toOnStop = (value: unknown): OnStop | undefined => ON_STOP.find((how) => how === value);
const toCount = (value: unknown, least: number, most: number): number | undefined => {
  const number = typeof value === 'string' && /^\d+$/.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most ? number : undefined;
};
const toFlag = (value: unknown): boolean | undefined => {
  if (value === true || value === 'true' || value === '1') return true;
  return value === false || value === 'false' || value === '0' ? false : undefined;
};
