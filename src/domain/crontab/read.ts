import { descriptionOf, kindOfComment, type CommentKind } from './comments.ts';
import { detectFormat, takeUser, type CrontabFormat } from './format.ts';
import { splitPercent } from './percent.ts';
import { firstWord, isFieldLike, scanLine, type Scanned, type TimedLine } from './scan.ts';
import { timeOf } from './time.ts';
import { shown } from './variables.ts';

/** What one line that is not blank is. Lines count from 1. */
export type CrontabLine =
  | {
      readonly is: 'comment';
      readonly line: number;
      readonly kind: CommentKind;
      /** The line of the entry that it describes. */
      readonly describes?: number;
    }
  | { readonly is: 'variable'; readonly line: number; readonly name: string; readonly value: string; readonly tooMany: boolean }
  | CrontabEntry
  | { readonly is: 'problem'; readonly line: number; readonly reason: string };

export type CrontabEntry = {
  readonly is: 'entry';
  readonly line: number;
  /** Cron text of ours; what is wrong with it is told by who compiles it. */
  readonly cronExpr: string;
  readonly command: string;
  readonly stdin?: string;
  /** In system form. */
  readonly user?: string;
  readonly description?: string;
  /** Those that count for this line; a later one of the same name has taken the place of an earlier one. */
  readonly variables: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
};

export type ReadCrontab = {
  readonly format: CrontabFormat;
  /** Every line that is not blank, in order, once. */
  readonly lines: readonly CrontabLine[];
};

const MOST_VARIABLES = 500;

export type ReadOptions = {
  /** Guessed if absent. */
  readonly format?: CrontabFormat | undefined;
  /** Six time fields, seconds first, where the sixth word can be one. No cron of Unix has them, some programs that read crontabs do. */
  readonly seconds?: boolean;
};

/** Reads a crontab: what each line is and what counts for it. Pure; never throws, whatever the text. */
export const readCrontab = (text: string, options: ReadOptions = {}): ReadCrontab => {
  const steps = readingCrontab(text, options);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
};

/** `readCrontab` in steps of a line, for who has other things to do meanwhile. */
export function* readingCrontab(
  text: string,
  { format: asked, seconds = false }: ReadOptions = {},
): Generator<undefined, ReadCrontab, undefined> {
  const scanned: Scanned[] = [];
  for (const raw of text.replace(/^\ufeff/, '').split('\n')) {
    scanned.push(scanLine(raw, scanned.length + 1, seconds));
    yield;
  }
  const { format, doubt } = asked
    ? { format: asked, doubt: undefined }
    : detectFormat(scanned.filter((each) => each.is === 'timed'));
  const lines: CrontabLine[] = [];
  const variables = createVariables();
  let above: ToldComment[] = [];
  const putComments = (describes?: number): void => {
    const from = above.findLastIndex(({ kind }) => kind === 'heading');
    above.forEach(({ line, kind }, index) => {
      const isUsed = describes !== undefined && index > from && kind === 'words';
      lines.push({ is: 'comment', line, kind, ...(isUsed ? { describes } : {}) });
    });
    above = [];
  };
  for (const each of scanned) {
    yield;
    if (each.is === 'comment') {
      above.push({ ...each, kind: kindOfComment(each.text) });
      continue;
    }
    const entry = each.is === 'timed' ? entryOf(each, format, doubt) : undefined;
    const description = entry?.is === 'entry' ? descriptionOf(above) : undefined;
    putComments(description === undefined ? undefined : each.line);
    if (entry?.is === 'entry')
      lines.push({ ...entry, variables: variables.now(), ...(description === undefined ? {} : { description }) });
    else if (entry) lines.push(entry);
    else if (each.is === 'variable') lines.push({ ...each, tooMany: !variables.put(each.name, each.value) });
    else if (each.is === 'problem') lines.push(each);
  }
  putComments();
  return { format, lines };
}

type ToldComment = Extract<Scanned, { is: 'comment' }> & { readonly kind: CommentKind };

/** The variables so far. Lines between which nothing changes share one map. */
const createVariables = () => {
  const all = new Map<string, string>();
  let shared: ReadonlyMap<string, string> | undefined;
  return {
    put: (name: string, value: string): boolean => {
      if (!all.has(name) && all.size >= MOST_VARIABLES) return false;
      all.set(name, value);
      shared = undefined;
      return true;
    },
    now: (): ReadonlyMap<string, string> => (shared ??= new Map(all)),
  };
};

const FLAGS: Readonly<Record<string, string>> = {
  n: '"-n" before the command (no mail where it succeeds) says nothing here: no mail is sent',
  q: '"-q" before the command keeps cron from writing to syslog: every run is in the run log here',
  s: '"-s" before the command (one at a time) is how jobs are here: overlap "skip"',
};

/** `period delay name command`. */
const looksLikeAnacron = ([first = '', delay = '', name = '']: readonly string[]): boolean =>
  /^\d+$/.test(first) && /^\d+$/.test(delay) && /^[a-z][\w-]*\.[\w.-]+$/i.test(name);
const ANACRON =
  "this looks like a line of anacron's table (period in days, delay, name, command), which is not a crontab: save it as a job with a schedule such as @daily";

type Entry = Omit<CrontabEntry, 'variables'> | Extract<CrontabLine, { is: 'problem' }>;

const entryOf = (timed: TimedLine, format: CrontabFormat, doubt: string | undefined): Entry => {
  const { line, time, rest } = timed;
  const problem = (reason: string): Entry => ({ is: 'problem', line, reason });
  const sixth = firstWord(rest);
  if (looksLikeAnacron(time)) return problem(ANACRON);
  if (time.length === 5 && isFieldLike(rest))
    return problem(
      `a crontab has five time fields and then ${format === 'system' ? 'a user' : 'a command'}, but the sixth word is "${shown(sixth)}". If the first field is one of seconds, import it with seconds=true (--seconds)`,
    );
  if (format === 'system' && !takeUser(rest))
    return problem(
      `the file has the system form, with a user before each command, and "${shown(sixth)}" ${rest === sixth ? 'has no command behind it' : 'is not a name for one'}`,
    );
  const { user, command: written } = (format === 'system' ? takeUser(rest) : undefined) ?? { user: undefined, command: rest };
  const flagged = /^(?:-[nqs]+[ \t]+)+/.exec(written)?.[0] ?? '';
  const { command, stdin } = splitPercent(written.slice(flagged.length));
  if (command.trim() === '') return problem('the command is empty: a "%" ends it where it begins');
  const { cronExpr, notes } = timeOf(time);
  return {
    is: 'entry',
    line,
    cronExpr,
    command,
    ...(stdin === undefined ? {} : { stdin }),
    ...(user === undefined ? {} : { user }),
    notes: [
      ...timed.notes,
      ...notes,
      ...[...new Set(flagged.replaceAll(/[^nqs]/g, ''))].map((flag) => FLAGS[flag] ?? ''),
      ...(stdin === undefined ? [] : ['what follows the first "%" is the standard input of the command']),
      ...(command.endsWith('\\')
        ? ['the line ends with a backslash, and cron knows no lines that go on: the next line is one of its own']
        : []),
      ...(doubt === undefined || takeUser(rest) === undefined ? [] : [doubt]),
      ...(rest.includes('\ufffd') ? ['it holds characters that are not UTF-8: look at the command'] : []),
    ],
  };
};
