import { audit } from './audit.ts';
import { common } from './common.ts';
import { editor } from './editor.ts';
import { importing } from './import.ts';
import { job } from './job.ts';
import { jobs } from './jobs.ts';
import { overview } from './overview.ts';
import { runs } from './runs.ts';
import { signIn } from './sign-in.ts';
import * as words from './words.ts';
import { workers } from './workers.ts';

/** Every text of the console in one language. The names are one flat list: test/unit/web/texts.test.ts shows that no two rooms use the same. */
export const en = {
  texts: { ...audit, ...common, ...editor, ...importing, ...job, ...jobs, ...overview, ...runs, ...signIn, ...workers },
  words,
} as const;
