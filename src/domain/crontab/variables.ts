export type Variable = { readonly name: string; readonly value: string };

/** What cron takes for white space. A no-break space is none of it. */
const isSpace = (character: string | undefined): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\v' || character === '\f';

/**
 * `NAME=value` as Vixie's cron and cronie read it: white space around the sign does not count, the name and the value may stand in single or double
 * quotes, nothing may follow the closing quote, an unquoted value ends with the line and loses the white space at its end, and nothing is expanded.
 * Undefined where cron would not take the line for a variable.
 */
export const readVariable = (text: string): Variable | undefined => {
  let at = 0;
  const skip = (): void => {
    while (isSpace(text[at])) at += 1;
  };
  /** The text up to the quote that closes the one at `at`. */
  const quoted = (): string | undefined => {
    const quote = text[at];
    if (quote !== '"' && quote !== "'") return undefined;
    const end = text.indexOf(quote, at + 1);
    if (end < 0) return undefined;
    const inside = text.slice(at + 1, end);
    at = end + 1;
    return inside;
  };
  const isQuote = (): boolean => text[at] === '"' || text[at] === "'";
  const plainName = (): string => {
    const from = at;
    while (at < text.length && text[at] !== '=' && !isSpace(text[at])) at += 1;
    return text.slice(from, at);
  };
  skip();
  const name = isQuote() ? quoted() : plainName();
  skip();
  if (name === undefined || name === '' || text[at] !== '=') return undefined;
  at += 1;
  skip();
  if (!isQuote()) return { name, value: text.slice(at).trimEnd() };
  const value = quoted();
  skip();
  return value === undefined || at < text.length ? undefined : { name, value };
};

/** Variables that tell cron how to send its mail. */
export const MAIL: ReadonlySet<string> = new Set(['MAILTO', 'MAILFROM', 'CONTENT_TYPE', 'CONTENT_TRANSFER_ENCODING']);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const LONGEST_DELAY_MINUTES = 144_000;

/** What becomes of a variable, in words; `isRefused` where nothing does. */
export type VariableFate = { readonly isRefused: boolean; readonly reason: string; readonly warnings: readonly string[] };

/** What a variable means to the lines below it. */
export const fateOfVariable = ({ name, value }: Variable): VariableFate => {
  const noted = (reason: string, ...warnings: readonly string[]): VariableFate => ({ isRefused: false, reason, warnings });
  const refused = (reason: string): VariableFate => ({ isRefused: true, reason, warnings: [] });
  if (!NAME.test(name)) return refused(`"${shown(name)}" is not a name for an environment variable`);
  if (MAIL.has(name))
    return noted(
      `no mail is sent here${name === 'MAILTO' && value === '' ? ', as this line asks' : ''}: the output of every run is kept and shown. ` +
        `A command that names ${name} still gets it in its environment`,
    );
  switch (name) {
    case 'SHELL':
      return value === ''
        ? refused('SHELL is empty: the commands below get /bin/sh')
        : noted('the shell of the commands below (shell)');
    case 'HOME':
      return noted('HOME of the commands below, and the folder in which they start');
    case 'CRON_TZ':
      return noted('the time zone of the schedules below (timezone)');
    case 'TZ':
      return noted(
        'the time zone of the schedules below (timezone), where there is no CRON_TZ, and TZ of their commands (env)',
        "Debian's cron and cronie give TZ to the commands only and keep the machine's zone for the schedule: if yours does, put CRON_TZ with that zone into the file",
      );
    case 'RANDOM_DELAY':
      return delayOf(value) === undefined
        ? refused(`RANDOM_DELAY "${shown(value)}" is not a number of minutes: the lines below are not put off`)
        : noted('the lines below are put off by up to so many minutes (jitterMs), by their names and not by chance');
    case 'LOGNAME':
    case 'USER':
      return noted(`${name} is set by the system, as cron does it: what stands here is not used`);
    case 'START_HOURS_RANGE':
      return refused("START_HOURS_RANGE belongs to anacron's table, which is not a crontab: write the hours into the schedules");
    default:
      return noted(`${name} in the environment of the commands below (env)`, ...expansion(name, value));
  }
};

/** Minutes of RANDOM_DELAY, in ms. */
export const delayOf = (minutes: string): number | undefined => {
  const count = /^\d{1,6}$/.test(minutes.trim()) ? Number(minutes) : Number.NaN;
  return count <= LONGEST_DELAY_MINUTES ? count * 60_000 : undefined;
};

const expansion = (name: string, value: string): readonly string[] =>
  /\$\{?[A-Za-z_]|`|(^|[:=])~(\/|$)/.test(value)
    ? [`cron expands nothing in a variable, and cronstream neither: ${name} holds the "$" or "~" as it stands`]
    : [];

/** Of what somebody wrote, as much as fits into a sentence. */
export const shown = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
