import { Type, type Static } from 'typebox';
import { FieldProblemView } from '../wire.ts';

const count = Type.Integer({ minimum: 0 });

/** What became of one line of a crontab, or of one job; in a dry run what would. */
export const ImportItem = Type.Object({
  line: Type.Optional(Type.Integer({ minimum: 1, description: 'Of the crontab' })),
  name: Type.Optional(Type.String({ description: 'Of the job' })),
  action: Type.Enum(['created', 'changed', 'unchanged', 'removed', 'refused', 'noted']),
  reason: Type.Optional(Type.String()),
  errors: Type.Optional(Type.Array(FieldProblemView)),
  warnings: Type.Optional(Type.Array(Type.String())),
});
export type ImportItem = Static<typeof ImportItem>;

/** The answer to an import: every line that is not blank and every job once, in their order; what is removed comes last. */
export const ImportAnswer = Type.Object(
  {
    items: Type.Array(ImportItem),
    created: count,
    changed: count,
    unchanged: count,
    removed: count,
    refused: count,
    dryRun: Type.Boolean(),
    source: Type.Optional(Type.String()),
    format: Type.Optional(Type.Enum(['user', 'system', 'jobs'])),
    timezone: Type.Optional(Type.String({ description: 'Of schedules for which the crontab names none' })),
  },
  { $id: 'ImportAnswer', title: 'ImportAnswer' },
);
export type ImportAnswer = Static<typeof ImportAnswer>;
