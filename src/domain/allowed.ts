import type { Presence } from './values.ts';

/** What the configuration of a worker lets it run: jobs of these names (absent: of any), as these users besides its own (absent: as nobody else). */
export type Allowed = Pick<Presence, 'allow' | 'users'>;

/** What of a job that depends on. */
export type OfJob = { readonly name: string; readonly runAs?: string | undefined };

/** Whether a name fits a pattern, in which each `*` stands for any text. Never slow: patterns come from other machines. */
export const fits = (pattern: string, name: string): boolean => {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return name === pattern;
  if (!name.startsWith(head) || !name.endsWith(tail) || name.length < head.length + tail.length) return false;
  const end = name.length - tail.length;
  let at = head.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
};

/** What the configuration of a worker forbids about a job; undefined where it may run it. */
export const forbiddenTo = ({ name, runAs }: OfJob, { allow, users }: Allowed): 'jobs' | 'user' | undefined => {
  if (allow && !allow.some((pattern) => fits(pattern, name))) return 'jobs';
  return runAs === undefined || users?.includes(runAs) === true ? undefined : 'user';
};
