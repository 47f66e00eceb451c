/** Something that the API does: a path below /api/v1, as `ask` takes it. */
export type Action = {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

type Master = { readonly origin: string; readonly asksToken: boolean };

/** A word that any POSIX shell reads as this very text. */
export const quoted = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Filled in by the shell, so the token itself stands in no history and in no screenshot. */
const TOKEN = '-H "Authorization: Bearer $CRONSTREAM_TOKEN"';

/** An action of the API as a command for a shell, one option a line. Whoever runs it has the token in CRONSTREAM_TOKEN, where the master asks for one. */
export const curlOf = ({ method, path, body, headers = {} }: Action, { origin, asksToken }: Master): string =>
  [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${quoted(`${origin}/api/v1${path}`)}`,
    asksToken ? TOKEN : '',
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : ["-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`]),
  ]
    .filter((part) => part !== '')
    .join(' \\\n  ');
