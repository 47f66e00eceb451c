import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { WorkerView } from '../../src/domain/wire.ts';
import { Shown } from '../parts/copy.tsx';
import bar from '../parts/list-bar.module.css';
import { More } from '../parts/more.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { Typed } from '../parts/typed.tsx';
import { WorkerRow } from '../parts/workers/worker-row.tsx';
import { useNow } from '../src/clock.ts';
import { format } from '../src/format.ts';
import { allWorkers } from '../src/live/kinds.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { needsLook, useWorkersSearch, workersAsked } from '../src/lists/workers-search.ts';
import { useLingering } from '../src/lists/use-lingering.ts';
import { useLiveList } from '../src/live/use-live-list.ts';

const COMMAND = 'cronstream worker --etcd http://etcd:2379 --mongo mongodb://mongo:27017 --data /var/lib/cronstream';
/** A worker that has just left is shown for so long. */
const LINGER_MS = 15_000;
const NONE: readonly WorkerView[] = [];

/** From so many on one looks for a worker rather than at all of them. */
const MANY = 8;

/** Who does the runs, and what each does now. */
export default function Workers() {
  useTitle(texts.workers);
  const list = useLiveList(allWorkers, '/workers', {});
  const [isHeld, setHeld] = useState(false);
  const { q, isOnlyLook, change } = useWorkersSearch();
  const { idOf, compare } = allWorkers;
  const shown = useLingering(list.rows ?? NONE, idOf, compare, { ms: LINGER_MS, isHeld });
  const at = useNow();
  if (list.error) return <Failed error={list.error} onAgain={list.again} />;
  if (!list.rows) return <Loading rows={3} />;
  const isAsked = workersAsked(q);
  const looks = list.rows.filter((worker) => needsLook(worker, at)).length;
  const found = shown.filter(({ row, isGone }) => isAsked(row) && (!isOnlyLook || isGone || needsLook(row, at)));
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="xs">
        <Title order={1} size="h3">
          {texts.workers}
        </Title>
        {list.rows.length > 0 && <Sum workers={list.rows} />}
      </Group>
      {(list.rows.length > MANY || q !== '' || isOnlyLook) && (
        <search className={bar['bar']}>
          <Group gap="sm">
            <Typed
              size="sm"
              type="search"
              label={texts.findWorkers}
              value={q}
              onValue={(text) => change({ q: text })}
              hasKey
              isWide
            />
            {(looks > 0 || isOnlyLook) && (
              <Button
                variant={isOnlyLook ? 'filled' : 'light'}
                color="orange"
                aria-pressed={isOnlyLook}
                title={texts.needLookHint}
                leftSection={<span aria-hidden="true">!</span>}
                onClick={() => change({ isOnlyLook: !isOnlyLook })}
              >
                {texts.needLook(format.number(looks))}
              </Button>
            )}
          </Group>
        </search>
      )}
      {found.length > 0 && (
        <Paper withBorder onPointerEnter={() => setHeld(true)} onPointerLeave={() => setHeld(false)}>
          {found.map(({ row, isGone }) => (
            <WorkerRow key={row.id} worker={row} isGone={isGone} />
          ))}
        </Paper>
      )}
      {list.rows.length > 0 && found.length === 0 && (
        <Empty title={texts.noneFoundWorkers}>
          <Button variant="default" onClick={() => change({ q: '', isOnlyLook: false })}>
            {texts.showAllWorkers}
          </Button>
        </Empty>
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
  const taking = workers.filter(({ draining, passes }) => !draining && passes !== 'skewed' && passes !== 'unsynced');
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
