import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, ask, jobPath } from '../../src/api.ts';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { texts } from '../../src/texts.ts';
import { InstantInput } from '../editor/job-form-inputs.tsx';
import { useTell } from '../frame/tell.tsx';

type Backfilled = { readonly count: number; readonly first: string; readonly last: string };
type Asked = { readonly from: string | undefined; readonly to: string | undefined };
type BackfillProps = {
  readonly name: string;
  readonly zone: string | undefined;
  /** Its runs must not overlap: so its own ticks find it busy meanwhile. */
  readonly isOneByOne: boolean;
  readonly isOpen: boolean;
  readonly onClose: () => void;
};

const TYPING_MS = 300;

/** Asks for the ticks of a time that is over, and says how many that are before it starts. */
export const Backfill = ({ name, zone, isOneByOne, isOpen, onClose }: BackfillProps) => (
  <Modal
    opened={isOpen}
    onClose={onClose}
    title={<span className="anywhere">{texts.backfillTitle(name)}</span>}
    centered
    styles={{ title: { fontWeight: 600 } }}
    closeButtonProps={{ 'aria-label': texts.close }}
  >
    <Form name={name} zone={zone} isOneByOne={isOneByOne} onClose={onClose} />
  </Modal>
);

const Form = ({ name, zone, isOneByOne, onClose }: Omit<BackfillProps, 'isOpen'>) => {
  const [asked, setAsked] = useState<Asked>({ from: undefined, to: undefined });
  const [settled] = useDebouncedValue(asked, TYPING_MS);
  const [isSending, setSending] = useState(false);
  const tell = useTell();
  const now = useNow();
  const isWhole = settled.from !== undefined && settled.to !== undefined;
  const { data, error, isFetching } = useQuery({
    queryKey: ['backfill', name, settled],
    queryFn: ({ signal }) => ask<Backfilled>('POST', `${jobPath(name)}/backfill`, { body: { ...settled, dryRun: true }, signal }),
    enabled: isWhole,
    gcTime: 0,
  });
  const found = asked === settled && isWhole && !isFetching && !error ? data : undefined;
  const start = (): void => {
    setSending(true);
    ask('POST', `${jobPath(name)}/backfill`, { body: asked })
      .then(onClose, tell)
      .finally(() => setSending(false));
  };
  const input = (which: keyof Asked, label: string) => (
    <InstantInput
      label={label}
      description={texts.backfillZone}
      error={problemAt(error, `/${which}`)}
      disabled={false}
      value={asked[which]}
      zone={zone}
      onChange={(value) => setAsked({ ...asked, [which]: typeof value === 'string' ? value : undefined })}
    />
  );
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {texts.backfillHint}
      </Text>
      {input('from', texts.backfillFrom)}
      {input('to', texts.backfillTo)}
      <div aria-live="polite" data-backfill-count={found?.count} style={{ minHeight: 44 }}>
        {found ? (
          <Text size="sm">
            <b>{texts.backfillCount(found.count, format.number(found.count))}</b>{' '}
            <Text span size="sm" c="dimmed">
              {texts.backfillSpan(format.instant(found.first, now), format.instant(found.last, now))} {inZoneOfJob(found, zone)}
            </Text>
          </Text>
        ) : (
          error && !problemAt(error, '/from') && !problemAt(error, '/to') && <Alert color="red">{error.message}</Alert>
        )}
        {found && isOneByOne && (
          <Text size="xs" c="dimmed">
            {texts.backfillBusy}
          </Text>
        )}
      </div>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {texts.cancel}
        </Button>
        <Button disabled={!found} loading={isSending} onClick={start} data-backfill-start>
          {found ? texts.backfillStart(found.count, format.number(found.count)) : texts.backfillStartNone}
        </Button>
      </Group>
    </Stack>
  );
};

/** The viewer's clock is not the one that the schedule goes by: which is that, and what it shows where it differs. */
const inZoneOfJob = ({ first, last }: Backfilled, zone = 'UTC'): string => {
  const [from, to] = [format.there(first, zone), format.there(last, zone)];
  return from === undefined || to === undefined ? texts.backfillJobZone(zone) : texts.backfillThere(zone, from, to);
};

const CODES: Readonly<Record<string, () => string>> = {
  nothing: () => texts.backfillNothing,
  tooMany: () => texts.backfillTooMany,
};

const problemAt = (error: unknown, path: string): string | undefined => {
  const found = error instanceof ApiError ? error.problem.errors?.find((each) => each.path === path) : undefined;
  return found && (CODES[found.code]?.() ?? (path === '/to' ? texts.backfillAhead : found.message));
};
