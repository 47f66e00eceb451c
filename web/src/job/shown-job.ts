import type { OverlapPolicy } from '../../../src/domain/job.ts';
import type { JobView } from '../../../src/domain/wire.ts';
import type { Schedule } from './use-fires.ts';

const OVERLAPS: readonly OverlapPolicy[] = ['skip', 'allow', 'queue', 'replace'];

/** The policy of `overlap` as it is written: by its name, or with a length of its queue. */
export const overlapIn = (overlap: unknown): OverlapPolicy => {
  const policy = typeof overlap === 'object' && overlap !== null && 'policy' in overlap ? overlap.policy : overlap;
  return OVERLAPS.find((each) => each === policy) ?? 'skip';
};

/** What of a job is shown. A value that was put into etcd by hand may lack anything, or have something else in its place. */
export type ShownJob = {
  readonly command: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly schedule: Schedule;
  readonly jitterMs: number;
  readonly isOn: boolean;
};

export const shownJob = ({ job, broken }: Pick<JobView, 'job' | 'broken'>): ShownJob => {
  const fields = job as Readonly<Record<string, unknown>>;
  const text = (field: string): string | undefined => (typeof fields[field] === 'string' ? fields[field] : undefined);
  const { tags, overlap, enabled } = fields;
  const jitterMs = typeof fields['jitterMs'] === 'number' ? fields['jitterMs'] : 0;
  return {
    command: text('command') ?? '',
    description: text('description') ?? '',
    tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [],
    schedule: {
      name: job.name,
      cronExpr: text('cronExpr') ?? '',
      timezone: text('timezone'),
      startAt: text('startAt'),
      endAt: text('endAt'),
      dst: text('dst'),
      ...(jitterMs > 0 && { jitterMs }),
      overlap: overlapIn(overlap),
    },
    jitterMs,
    isOn: enabled !== false && broken === undefined,
  };
};
