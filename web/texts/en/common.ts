/** What every page uses. */
export const common = {
  product: 'cronstream',
  jobs: 'Jobs',
  runs: 'Runs',
  workers: 'Workers',
  pages: 'Pages',
  language: 'Language',

  linkUp: 'Live',
  linkConnecting: 'Connecting',
  linkLost: 'No link',
  linkDown: (length: string, since: string) =>
    `No link to the master for ${length}, since ${since}. What you see is from then; it comes back by itself.`,

  signIn: 'Sign in',
  signOut: 'Sign out',
  signedInAs: (name: string, role: string) => `${name}, ${role}`,
  token: 'Token',
  tokenHint:
    'The admin token was shown once, when the first master started. “cronstream up” also prints a link that signs in by itself.',
  linkUsed:
    'That link has been used or is too old: each signs in once. Sign in with a token, or start “cronstream up” again for a new link.',
  badToken: 'No master knows this token. Look for a missing character, or ask who runs cronstream for a new one.',

  edit: 'Edit',
  save: 'Save',
  cancel: 'Cancel',
  close: 'Close',
  remove: 'Delete',
  copy: 'Copy',
  copied: 'Copied',
  notCopied: 'The browser did not let it',
  asCurl: 'curl',
  copyAsCurl: 'Copy as curl',
  more: 'Load more',
  moreOf: (shown: string, all: string) => `${shown} of ${all} shown`,
  runNow: 'Run now',
  kill: 'Kill',
  killAsked: 'Kill asked',
  killTitle: (job: string) => `Kill ${job}?`,
  killHint: 'Its command gets TERM, and KILL after the grace. The kill is kept until the end of the run confirms it.',
  command: 'Command',

  columns: {
    job: 'Job',
    schedule: 'Schedule',
    next: 'Next',
    last: 'Last run',
    run: 'Run of',
    outcome: 'Outcome',
    took: 'Took',
    worker: 'Worker',
    when: 'When',
  },

  failed: 'That did not work',
  noAnswer: 'The master does not answer. Look whether it runs; this page goes on by itself when it is back.',
  unreadable: (status: number) =>
    `Something between here and the master answered ${String(status)}. Try again, or look at the proxy in front of it.`,
  broke: 'This page broke. Load it again; your jobs are not touched.',
  noSuchPage: 'There is no such page',
  tryAgain: 'Try again',
  reload: 'Load again',

  now: 'now',
  ahead: (length: string) => `in ${length}`,
  ago: (length: string) => `${length} ago`,
  units: { d: 'd', h: 'h', min: 'min', s: 's', ms: 'ms' },
} as const;
