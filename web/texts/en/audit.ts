/** The page of who changed which job. */
export const audit = {
  auditPage: 'Changes',
  auditHint: 'Who saved or deleted which job, when, and what became different. The newest first.',
  auditOfJob: 'Name of a job',
  auditByWhom: 'Changed by',
  auditNone: 'Nobody has changed a job yet',
  auditNoneHint: 'As soon as somebody saves or deletes one, it stands here.',
  auditNotFound: 'No such change was found',
  auditLookFurther: 'Look further back',
  auditNotYours: 'Only who may edit jobs sees who changed them',
  auditNotYoursHint: 'Ask who runs cronstream for the role editor.',
  auditOnlyJob: 'Only this job',
  auditWaiting: (count: number, shown: string) => (count === 1 ? 'Show 1 newer change' : `Show ${shown} newer changes`),
  bringBack: 'Bring it back',
  bringBackTitle: (job: string) => `Bring ${job} back?`,
  bringBackHint: 'It becomes what it was before it was deleted, and its schedule goes on from now.',
  bringBackNone: (job: string) => `No saved version of ${job} is on record`,
} as const;
