import { Anchor, Badge, Button, Code, Group, Paper, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { LiveEvent, WorkerView } from '../../src/domain/wire.ts';
import { ask } from '../src/api.ts';
import { useNow } from '../src/clock.ts';
import { formatDistance } from '../src/format.ts';
import { useLiveList } from '../src/query.ts';
import { texts } from '../src/texts.ts';
import { Empty, Failed, Loading } from '../parts/states.tsx';

export const applyToWorkers = (rows: readonly WorkerView[], event: LiveEvent): readonly WorkerView[] => {
  if (event.type === 'workerLeft') return rows.filter(({ id }) => id !== event['id']);
  if (event.type !== 'workerJoined' && event.type !== 'workerChanged') return rows;
  const worker = event['worker'] as WorkerView;
  return rows.some(({ id }) => id === worker.id) ? rows.map((row) => (row.id === worker.id ? worker : row)) : [...rows, worker];
};

export default function Workers() {
  const list = useLiveList<WorkerView>('workers', '/workers?limit=100', applyToWorkers);
  const [error, setError] = useState<unknown>();
  const now = useNow();
  return (
    <Stack>
      {error !== undefined && <Failed error={error} />}
      {list.isError ? <Failed error={list.error} onAgain={() => void list.refetch()} /> : !list.rows ? <Loading /> : null}
      {list.rows?.length === 0 && (
        <Empty title={texts.noWorkers}>
          <Code block>cronstream worker --etcd http://etcd:2379 --mongo mongodb://mongo:27017 --data /var/lib/cronstream</Code>
        </Empty>
      )}
      {list.rows?.map((worker) => (
        <Paper key={worker.id} withBorder p="sm" data-worker={worker.name}>
          <Group justify="space-between">
            <div>
              <Group gap={6}>
                <Text fw={600}>{worker.name}</Text>
                {worker.labels.map((label) => (
                  <Badge key={label} size="xs" variant="outline">
                    {label}
                  </Badge>
                ))}
                {worker.draining && (
                  <Badge color="orange" variant="light">
                    {texts.draining}
                  </Badge>
                )}
              </Group>
              <Text
                size="sm"
                c="dimmed"
              >{`${worker.host} · ${worker.version} · ${texts.slots(worker.running.length, worker.slots)} · ${texts.seen} ${formatDistance(worker.lastSeenAt, now)}`}</Text>
              {worker.running.map((run) => (
                <Anchor key={run.id} component={Link} href={`/runs/${run.id}`} size="sm" mr="sm">{`▶ ${run.job}`}</Anchor>
              ))}
            </div>
            <Button
              size="xs"
              variant="light"
              onClick={() => {
                ask('POST', `/workers/${worker.id}/${worker.draining ? 'resume' : 'drain'}`, {}).catch(setError);
              }}
            >
              {worker.draining ? texts.resume : texts.drain}
            </Button>
          </Group>
        </Paper>
      ))}
    </Stack>
  );
}
