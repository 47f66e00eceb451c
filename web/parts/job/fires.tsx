import { Group, Skeleton, Stack, Text } from '@mantine/core';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { texts } from '../../src/texts.ts';
import { useFires, type Schedule } from '../../src/job/use-fires.ts';
import { Copy } from '../copy.tsx';
import classes from './fires.module.css';
import { Distance } from '../time.tsx';

type FiresProps = {
  readonly schedule: Schedule;
  /** The sentence as the job's view has it, until the master has explained more. */
  readonly sentence: string;
  readonly isOn: boolean;
  readonly jitterMs: number;
};

/** When a job runs: the sentence, the cron text, the next five instants, and what may surprise. */
export const Fires = ({ schedule, sentence, isOn, jitterMs }: FiresProps) => {
  const { cronExpr, timezone } = schedule;
  const { explained, fires, error } = useFires(schedule);
  return (
    <Stack gap="xs">
      <Text fw={600} className="anywhere">
        {explained?.description ?? sentence}
      </Text>
      <Group gap="xs" wrap="nowrap" justify="space-between" align="flex-start">
        <Text size="sm" className="mono anywhere" style={{ whiteSpace: 'pre-wrap' }} data-cron>
          {cronExpr}
        </Text>
        <Copy text={cronExpr} what={texts.cron} />
      </Group>
      {/* Whoever wrote it was warned in the editor: on the page of a healthy job it is a hint, and no alarm. */}
      {explained?.warnings
        .filter((warning) => warning !== explained.mayOverlap)
        .map((warning) => (
          <Text key={warning} size="xs" c="dimmed" data-schedule-hint>
            {warning}
          </Text>
        ))}
      {!explained && !error && <Skeleton height={120} />}
      {explained && fires.length === 0 && (
        <Text size="sm" c="dimmed">
          {texts.noMoreFires}
        </Text>
      )}
      {fires.length > 0 && (
        <div>
          <Text size="xs" c="dimmed" mb={4}>
            {isOn ? texts.nextOfIt : texts.offFires}
          </Text>
          <ol className={classes['fires']} aria-label={texts.nextOfIt} data-off={!isOn || undefined}>
            {fires.map(({ at, note }) => (
              <Fire key={at} at={at} note={note} zone={timezone} />
            ))}
          </ol>
        </div>
      )}
      {jitterMs > 0 && (
        <Text size="xs" c="dimmed">
          {texts.jittered(format.length(jitterMs))}
        </Text>
      )}
    </Stack>
  );
};

type FireProps = { readonly at: string; readonly note: string | undefined; readonly zone: string | undefined };

const Fire = ({ at, note, zone }: FireProps) => {
  const now = useNow();
  const there = zone === undefined ? undefined : format.there(at, zone);
  return (
    <li className={classes['fire']} data-fire={at}>
      <span>
        <time dateTime={at} title={format.exact(at, zone)}>
          {format.instant(at, now)}
        </time>
        {there !== undefined && zone !== undefined && (
          <Text size="xs" c="dimmed" component="span" display="block">
            {texts.inJobZone(there, zone)}
          </Text>
        )}
        {note !== undefined && (
          <Text size="xs" c="orange" component="span" display="block">
            {note}
          </Text>
        )}
      </span>
      <Text size="sm" c="dimmed" component="span" ta="end">
        <Distance at={at} zone={zone} />
      </Text>
    </li>
  );
};
