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

  noJobs: 'No jobs yet',
  noJobsHint: 'Save this one to see how it works. It says hello every ten seconds.',
  saveExample: 'Save this job',
  ownJob: 'Write my own',
  byCurl: 'The same from a shell, with the token instead of TOKEN:',
  noJobsFound: (q: string) => `No job has “${q}” in its name, command, schedule or tags`,
  showAll: 'Show all jobs',
} as const;
