import { Alert, Stack, Text } from '@mantine/core';
import type { Attempt } from '../../src/live/followed.ts';
import { leftOf } from '../../src/story.ts';
import { texts } from '../../src/texts.ts';
import { Shown } from '../copy.tsx';

/** Commands that were let go on past their time limit, and of whose end nobody has told: the run is over, and nothing ends them but a person on their host. */
export const StillRuns = ({ attempts }: { readonly attempts: readonly Attempt[] }) =>
  leftOf(attempts).map(({ attempt, host, pid }) => (
    <Alert
      key={attempt}
      color="orange"
      variant="light"
      title={attempts.length > 1 ? texts.attemptStillRuns(attempt) : texts.stillRuns}
      icon={<span aria-hidden="true">▶</span>}
      data-still-runs={pid}
    >
      <Stack gap={6}>
        <Text size="sm" className="anywhere">
          {texts.stillRunsWhere(host, String(pid))}
        </Text>
        <Shown text={`kill -- -${String(pid)}`} what={texts.command} />
      </Stack>
    </Alert>
  ));
