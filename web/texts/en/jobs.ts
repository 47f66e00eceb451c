/** The page of all jobs, and its rows. */
export const jobs = {
  newJob: 'New job',
  moreActions: (job: string) => `More for ${job}`,
  runsOfJob: 'Its runs',
  searchJobs: 'Search name, command, schedule, tag',
  switchOf: (job: string) => `${job} is switched on`,
  deleteTitle: (job: string) => `Delete ${job}?`,
  deleteHint: 'It does not run again. What runs now goes on, and its history stays.',
  never: 'has not run yet',
  switchedOff: 'switched off',
  noNext: 'never again',
  waiting: (count: number) => (count === 1 ? '1 waits' : `${String(count)} wait`),
  broken: 'broken',
  brokenHint: (why: string) => `This job does nothing until it is mended: ${why}`,

  onlyTag: (tag: string) => `Only jobs with the tag “${tag}”`,
  copyCommand: 'Copy the command',
  copyCron: 'Copy the cron text',
  clearSearch: 'Clear the search',
  filterEnabled: 'On or off',
  onAndOff: 'On and off',
  onlyOn: 'On',
  onlyOff: 'Off',
  filterOutcome: 'Last outcome',
  anyOutcome: 'Any outcome',
  filterTag: 'Tag',
  anyTag: 'Any tag',
  sortBy: 'Order',
  sorts: {
    name: 'By name',
    nextFireTime: 'Next first',
    '-lastRun': 'Last run: newest first',
    lastRun: 'Last run: oldest first',
  },
  countJobs: (count: string, isOne: boolean) => (isOne ? '1 job' : `${count} jobs`),
  countFound: (count: string, isOne: boolean) => (isOne ? '1 job found' : `${count} jobs found`),
  noJobFits: 'No job fits these filters',

  demoHere: (count: number) =>
    count === 1
      ? 'The job with the tag “demo” is there to try things with.'
      : `The ${String(count)} jobs with the tag “demo” are there to try things with.`,
  removeDemo: 'Remove demo jobs',
  removeDemoTitle: 'Remove the demo jobs?',
  removeDemoHint: (names: string, count: number) =>
    `These have the tag “demo”: ${names}${count > 20 ? ` and ${String(count - 20)} more` : ''}. They do not run again; their history stays.`,
  hide: 'Hide',

  noJobs: 'No jobs yet',
  noJobsHint: 'Save this one to see how it works. It says hello every ten seconds.',
  saveExample: 'Save this job',
  ownJob: 'Write my own',
  byCurl: 'The same from a shell:',
  byCurlToken: 'The same from a shell, with your token in CRONSTREAM_TOKEN:',
  noJobsFound: (q: string) => `No job has “${q}” in its name, command, schedule or tags`,
  showAll: 'Show all jobs',
} as const;
