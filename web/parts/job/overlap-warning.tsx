import { Alert } from '@mantine/core';
import { useFires, type Schedule } from '../../src/job/use-fires.ts';

/** Warns where a job's own measured lengths are longer than its fire times are apart: of what its overlap policy makes of that. */
export const OverlapWarning = ({ schedule }: { readonly schedule: Schedule }) => {
  const { explained } = useFires(schedule);
  if (explained?.mayOverlap === undefined) return null;
  return (
    <Alert color="orange" data-may-overlap={schedule.overlap} icon={<span aria-hidden="true">!</span>}>
      {explained.mayOverlap}
    </Alert>
  );
};
