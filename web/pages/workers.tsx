import { Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { WorkerView } from '../../src/domain/wire.ts';
import { Shown } from '../parts/copy.tsx';
import { More } from '../parts/more.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { WorkerRow } from '../parts/workers/worker-row.tsx';
import { format } from '../src/format.ts';
import { allWorkers } from '../src/live/kinds.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useLingering } from '../src/lists/use-lingering.ts';
import { useLiveList } from '../src/live/use-live-list.ts';

const COMMAND = 'cronstream worker --etcd http://etcd:2379 --mongo mongodb://mongo:27017 --data /var/lib/cronstream';
/** A worker that has just left is shown for so long. */
const LINGER_MS = 15_000;
const NONE: readonly WorkerView[] = [];

/** Who does the runs, and what each does now. */
export default function Workers() {
  useTitle(texts.workers);
  const list = useLiveList(allWorkers, '/workers', {});
  const [isHeld, setHeld] = useState(false);
  const { idOf, compare } = allWorkers;
  const shown = useLingering(list.rows ?? NONE, idOf, compare, { ms: LINGER_MS, isHeld });
  if (list.error) return <Failed error={list.error} onAgain={list.again} />;
  if (!list.rows) return <Loading rows={3} />;
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <Title order={1} size="h3">
          {texts.workers}
        </Title>
        {list.rows.length > 0 && <Sum workers={list.rows} />}
      </Group>
      {shown.length > 0 && (
        <Paper withBorder onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)}>
          {shown.map(({ row, isGone }) => (
            <WorkerRow key={row.id} worker={row} isGone={isGone} />
          ))}
        </Paper>
      )}
      {list.rows.length === 0 && (
        <Empty title={texts.noWorkers} hint={texts.noWorkersHint}>
          <Shown text={COMMAND} what={texts.command} />
        </Empty>
      )}
      <More list={list} />
    </Stack>
  );
}

/** All of them in one line: is there room? */
const Sum = ({ workers }: { readonly workers: readonly WorkerView[] }) => {
  const taking = workers.filter(({ draining, passes }) => !draining && passes !== 'skewed');
  const used = workers.reduce((sum, { running }) => sum + running.length, 0);
  const slots = taking.reduce((sum, worker) => sum + worker.slots, 0);
  const drain = workers.filter(({ draining }) => draining).length;
  return (
    <Text size="sm" c="dimmed" className="figures">
      {[
        texts.workersCount(workers.length),
        texts.runsNow(used),
        texts.slotsInAll(format.number(slots)),
        ...(drain > 0 ? [texts.someDrain(drain)] : []),
      ].join(' · ')}
    </Text>
  );
};
