import { Paper, Stack } from '@mantine/core';
import { Shown } from '../parts/copy.tsx';
import { More } from '../parts/more.tsx';
import { Empty, Failed, Loading } from '../parts/states.tsx';
import { WorkerRow } from '../parts/worker-row.tsx';
import { allWorkers } from '../src/kinds.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import { useLiveList } from '../src/use-live-list.ts';

const COMMAND = 'cronstream worker --etcd http://etcd:2379 --mongo mongodb://mongo:27017 --data /var/lib/cronstream';

/** Who does the runs, and what each does now. */
export default function Workers() {
  useTitle(texts.workers);
  const list = useLiveList(allWorkers, '/workers', {});
  const { rows } = list;
  return (
    <Stack gap="sm">
      {list.error ? (
        <Failed error={list.error} onAgain={list.again} />
      ) : !rows ? (
        <Loading rows={3} />
      ) : rows.length === 0 ? (
        <Empty title={texts.noWorkers} hint={texts.noWorkersHint}>
          <Shown text={COMMAND} what={texts.command} />
        </Empty>
      ) : (
        <Paper withBorder>
          {rows.map((worker) => (
            <WorkerRow key={worker.id} worker={worker} />
          ))}
        </Paper>
      )}
      <More list={list} />
    </Stack>
  );
}
