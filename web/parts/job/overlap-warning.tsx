import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { OverlapPolicy } from '../../../src/domain/job.ts';
import type { StatsView } from '../../../src/domain/wire.ts';
import { ask } from '../../src/api.ts';
import { now } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { useFires, type Schedule } from '../../src/job/use-fires.ts';
import { overlapOf } from '../../../src/domain/overlap.ts';
import { texts } from '../../src/texts.ts';

const WEEK_MS = 7 * 86_400_000;

type OverlapWarningProps = { readonly name: string; readonly schedule: Schedule; readonly overlap: OverlapPolicy };

/** Warns where a job's own measured lengths are longer than its fire times are apart: of what its overlap policy makes of that. */
export const OverlapWarning = ({ name, schedule, overlap }: OverlapWarningProps) => {
  const { fires } = useFires(schedule);
  const { data } = useQuery({
    queryKey: ['lengths', name],
    queryFn: ({ signal }) => {
      const from = new Date(now() - WEEK_MS).toISOString();
      return ask<StatsView>('GET', `/stats?job=${encodeURIComponent(name)}&from=${from}&limit=1`, { signal });
    },
    gcTime: 0,
  });
  const found = overlapOf(
    data?.total.duration,
    fires.map(({ at }) => Date.parse(at)),
  );
  if (!found) return null;
  return (
    <Alert color="orange" title={texts.mayOverlap[overlap]} data-may-overlap={overlap} icon={<span aria-hidden="true">!</span>}>
      {texts.mayOverlapHint(format.length(found.tookMs), format.length(found.apartMs))}
    </Alert>
  );
};
