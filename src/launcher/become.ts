import { becomes, type StartOrder } from './protocol.ts';

type Became = {
  readonly cwd: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
};

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What to start, so that a command runs as another user: program, arguments and environment. `setpriv` takes on the user with all of its groups and lets every capability go. It still is root
 *  while it does, so it sees nothing of the environment of the job (LD_PRELOAD would be loaded by it): values come under names that mean nothing, and get their own from a shell that is the user
 *  already. That one enters the folder too, so that nobody gets into one that only root may enter. Throws with words for a person. */
export const becoming = (
  { setpriv, uid, gid }: NonNullable<StartOrder['as']>,
  { cwd, env, command }: Became,
): readonly [file: string, args: readonly string[], env: Readonly<Record<string, string>>] => {
  const names = Object.keys(env);
  const bad = names.find((name) => !NAME.test(name));
  if (bad !== undefined) throw new Error(`"${bad}" is not a name for an environment variable`);
  const carried = (index: number): string => `CRONSTREAM_CARRIES_${String(index)}`;
  const script = [
    cwd === undefined ? 'cd -- "$0" 2>/dev/null || cd /' : 'cd -- "$0" || exit 126',
    'unset OLDPWD',
    ...names.map((name, index) => `export ${name}="$${carried(index)}"; unset ${carried(index)}`),
    'exec "$@"',
  ].join('\n');
  return [
    setpriv,
    [...becomes({ uid, gid }), '/bin/sh', '-c', script, cwd ?? env['HOME'] ?? '/', ...command],
    Object.fromEntries(Object.values(env).map((value, index) => [carried(index), value])),
  ];
};
