import { hashText } from '../hash.ts';

/** Words that run the command behind them. */
const WRAPPERS: ReadonlySet<string> = new Set(
  'nice ionice nohup timeout flock chronic cronic sudo doas su runuser env time exec eatmydata systemd-cat setsid chrt stdbuf solo lockrun run-one'.split(
    ' ',
  ),
);
/** Programs that run the script behind them. */
const INTERPRETERS: ReadonlySet<string> = new Set(
  'sh bash dash zsh ksh csh python python2 python3 perl php ruby node deno bun java Rscript pwsh npx bundle uv poetry rails rake'.split(
    ' ',
  ),
);
/** Words that only prepare for what comes after them. */
const PREPARING: ReadonlySet<string> = new Set(
  'cd test [ [[ ! { ( command export set umask ulimit which type source . : true if sleep echo date mkdir pushd'.split(' '),
);
/** Programs that say little: the first thing that they are given belongs to the name. */
const PLAIN: ReadonlySet<string> = new Set(
  'run-parts curl wget find rm cp mv rsync tar gzip cat touch make docker kubectl systemctl ansible-playbook'.split(' '),
);

const READ = 4_000;
const LONGEST = 48;

/** A readable name for a command, from its program or script: `backup-db` of `cd /srv && nice -n 10 /opt/bin/backup-db.sh --full`. Always a name that a job may have. */
export const stemOf = (command: string): string => {
  for (const part of command.slice(0, READ).split(/&&|\|\||[;|&\n]|\bthen\b|\bdo\b/)) {
    const found = stemOfPart(part);
    if (found !== undefined) return found;
  }
  return asName(command.slice(0, LONGEST)) ?? 'job';
};

const stemOfPart = (part: string): string | undefined => {
  const words = part.trim().split(/\s+/).map(unquoted);
  while (words.length > 0) {
    const word = words.shift() ?? '';
    const program = baseOf(word);
    if (/^[A-Za-z_]\w*=/.test(word) || isArgument(word)) continue;
    if (PREPARING.has(program) || word === '') return undefined;
    if (WRAPPERS.has(program)) {
      if (program === 'flock' || program === 'lockrun') takeLock(words);
      if (program === 'sudo' || program === 'su' || program === 'runuser' || program === 'doas')
        takeValueOf(words, /^-[a-zA-Z]*u$/);
      continue;
    }
    if (INTERPRETERS.has(program)) {
      const script = words.findIndex((each) => !each.startsWith('-'));
      if (script >= 0) {
        words.splice(0, script);
        continue;
      }
    }
    return named(program, words);
  }
  return undefined;
};

/** Options and numbers, which wrappers have before the command. */
const isArgument = (word: string): boolean => word.startsWith('-') || /^\d+[smhd]?$/.test(word);

const takeLock = (words: string[]): void => {
  const lock = words.findIndex((each) => !isArgument(each));
  if (lock >= 0) words.splice(0, lock + 1);
};

const takeValueOf = (words: string[], option: RegExp): void => {
  const at = words.findIndex((each) => option.test(each));
  if (at >= 0) words.splice(at, 2);
};

const named = (program: string, words: readonly string[]): string | undefined => {
  const argument = words.find((each) => !each.startsWith('-') && !/^[<>]|^\d*>/.test(each)) ?? '';
  const isPlain = PLAIN.has(program);
  const second = isPlain
    ? (/^[a-z]+:\/\/([^/?#]+)/i.exec(argument)?.[1] ?? baseOf(argument))
    : /^[a-z][a-z0-9:_-]{1,24}$/i.test(argument) && words[0] === argument
      ? argument
      : certain(words);
  return asName(second === '' ? program : `${program}-${second}`);
};

/** A subcommand behind short options, as in `certbot -q renew`. */
const certain = (words: readonly string[]): string => {
  const at = words.findIndex((each) => !/^-[a-z]$/i.test(each));
  const word = at > 0 ? words[at] : undefined;
  return word !== undefined && /^[a-z]{3,16}$/.test(word) ? word : '';
};

const baseOf = (word: string): string => {
  const base = word.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return base.replace(/(?<=.)\.(?:sh|bash|py|pl|php|rb|js|mjs|cjs|ts|jar|exe)$/i, '');
};

const unquoted = (word: string): string => word.replaceAll(/["'`()]/g, '');

const asName = (text: string): string | undefined => {
  const name = Array.from(text.normalize('NFC').replaceAll(/[^\p{L}\p{M}\p{N}._-]+/gu, '-')).slice(0, LONGEST);
  const trimmed = name
    .join('')
    .replace(/^[-._\p{M}]+/u, '')
    .replace(/[-._]+$/, '')
    .normalize('NFC');
  return trimmed === '' ? undefined : trimmed;
};

/** What a line is known by, however its schedule changes. */
export type Identity = { readonly command: string; readonly stdin?: string | undefined; readonly user?: string | undefined };

/**
 * Names the lines of one source, in their order: readable, and with six digits of a hash of source, user and command, so that the same file gets the same
 * names again, another schedule changes none, and two machines with the same line have two jobs. Lines that are the same but for their schedule are told
 * apart by their order.
 */
export const createNaming = (source: string): ((identity: Identity) => string) => {
  const taken = new Set<string>();
  const seen = new Map<string, number>();
  return ({ command, stdin, user }) => {
    const identity = JSON.stringify([source, user ?? '', command, stdin ?? '']);
    const stem = stemOf(command);
    for (let nth = seen.get(identity) ?? 0; ; nth += 1) {
      const name = `${stem}-${hashText(`crontab ${String(nth)} ${identity}`).slice(0, 6)}`;
      if (taken.has(name)) continue;
      taken.add(name);
      seen.set(identity, nth + 1);
      return name;
    }
  };
};
