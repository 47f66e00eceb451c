/**
 * A command as crontab reads it: the first `%` without a backslash ends it, what follows is its standard input, in which further ones are line ends.
 * `\%` is a percent sign; every other backslash stays. (Vixie's do_command.c; the two halves treat `\\%` differently, and so does this.)
 */
export const splitPercent = (text: string): { readonly command: string; readonly stdin?: string } => {
  let command = '';
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\') {
      if (text[at + 1] === '%') {
        command += text.slice(from, at);
        from = at + 1;
      }
      at += 1;
    } else if (text[at] === '%') {
      const stdin = inputOf(text.slice(at + 1));
      return { command: command + text.slice(from, at), ...(stdin === '' ? {} : { stdin }) };
    }
  }
  return { command: command + text.slice(from) };
};

/** cron ends the input with a line end. */
const inputOf = (text: string): string => {
  const input = text.replaceAll(/(\\?)%/g, (_, backslash: string) => (backslash === '' ? '\n' : '%'));
  return input === '' || input.endsWith('\n') ? input : `${input}\n`;
};
