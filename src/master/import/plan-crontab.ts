import type { ImportItem } from '../../domain/crontab/answer.ts';
import type { CrontabFormat } from '../../domain/crontab/format.ts';
import { fieldsOf, mergedJob, tagOf } from '../../domain/crontab/job.ts';
import { createNaming } from '../../domain/crontab/names.ts';
import { readingCrontab, type CrontabEntry, type CrontabLine } from '../../domain/crontab/read.ts';
import { fateOfVariable } from '../../domain/crontab/variables.ts';
import type { Job } from '../../domain/job.ts';
import { checkKept, type Plan, type Planned, type Raw, type Verdict } from './plan.ts';

export type CrontabOptions = {
  readonly source: string;
  readonly format: CrontabFormat | undefined;
  readonly seconds: boolean;
  readonly timezone: string | undefined;
  readonly ignoreUser: boolean;
  /** Given to every job. */
  readonly placement: Job['placement'] | undefined;
  /** Of jobs that are new. */
  readonly isDisabled: boolean;
};

/** What a crontab asks for, line by line. Reads in steps, between which `turn` lets others have the loop. */
export const planCrontab = async (text: string, options: CrontabOptions, turn: () => Promise<void>): Promise<Plan> => {
  const steps = readingCrontab(text, options);
  let step = steps.next();
  while (step.done !== true) {
    await turn();
    step = steps.next();
  }
  const { lines, format } = step.value;
  const nameOf = createNaming(options.source);
  const names = new Set<string>();
  const unread: string[] = [];
  const items: Planned[] = [];
  for (const line of lines) {
    await turn();
    if (line.is !== 'entry') {
      if (line.is === 'problem') unread.push(`line ${String(line.line)}`);
      items.push({ is: 'told', item: itemOf(line) });
      continue;
    }
    const name = nameOf(line);
    names.add(name);
    const warnings = [...line.notes, ...(isUserLeftOut(line, options) ? [`the user ${line.user ?? ''} is left out`] : [])];
    items.push({ is: 'job', line: line.line, name, warnings, decide: (stored) => decide(line, name, stored, options) });
  }
  return { items, format, tag: tagOf(options.source), names, unread };
};

const isUserLeftOut = ({ user }: CrontabEntry, { ignoreUser }: CrontabOptions): boolean => user !== undefined && ignoreUser;

const decide = (entry: CrontabEntry, name: string, stored: Raw | undefined, options: CrontabOptions): Verdict => {
  const tag = tagOf(options.source);
  const tags = stored?.['tags'];
  if (stored && !(Array.isArray(tags) && tags.includes(tag)))
    return { is: 'refused', reason: `a job of this name is there that no import of "${options.source}" made: it is left alone` };
  if (/^@reboot$/i.test(entry.cronExpr)) return { is: 'refused', reason: REBOOT };
  const value = mergedJob(stored, {
    name,
    fields: { ...fieldsOf(entry, options), ...(options.placement && { placement: options.placement }) },
    tag,
    fresh: options.isDisabled ? { enabled: false } : {},
  });
  // Fields that are not known here can only have been stored before: a crontab has none.
  return checkKept(value, () => true);
};

const REBOOT =
  '@reboot is not for a cluster: a worker that starts is not a machine that starts. Make it a service of the machine (a systemd unit with WantedBy=multi-user.target), ' +
  'or give it a schedule and let the command see whether there is something to do';

const itemOf = (line: Exclude<CrontabLine, { is: 'entry' }>): ImportItem => {
  switch (line.is) {
    case 'comment':
      return { line: line.line, action: 'noted', reason: commentReason(line) };
    case 'variable': {
      if (line.tooMany)
        return { line: line.line, action: 'refused', reason: 'too many variables: at most 500 may count for a line' };
      const { isRefused, reason, warnings } = fateOfVariable(line);
      return {
        line: line.line,
        action: isRefused ? 'refused' : 'noted',
        reason,
        ...(warnings.length > 0 ? { warnings: [...warnings] } : {}),
      };
    }
    case 'problem':
      return { line: line.line, action: 'refused', reason: line.reason };
    default:
      return line satisfies never;
  }
};

const commentReason = ({ kind, describes }: Extract<CrontabLine, { is: 'comment' }>): string => {
  if (describes !== undefined) return `a comment: part of the description of the job of line ${String(describes)}`;
  switch (kind) {
    case 'off':
      return 'a line that is commented out: not imported';
    case 'heading':
      return 'a comment: the heading of the columns, or what crontab writes at the top';
    case 'words':
    case 'rule':
      return 'a comment';
    default:
      return kind satisfies never;
  }
};
