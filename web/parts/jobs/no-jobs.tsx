import { Button, Code, Group, Text } from '@mantine/core';
import { ask, jobPath } from '../../src/api.ts';
import { useMay, useMe } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import { Shown, useCurl } from '../copy.tsx';
import { Empty } from '../states.tsx';
import { useTell } from '../frame/tell.tsx';

const EXAMPLE = { name: 'hello', command: 'echo "hello from $(hostname), it is $(date)"', cronExpr: '*/10 * * * * * *' };

/** Nothing fits what is asked for. */
export const NoneFound = ({ q, onAll }: { readonly q: string | undefined; readonly onAll: () => void }) => (
  <Empty title={q === undefined ? texts.noJobFits : texts.noJobsFound(q)}>
    <Button variant="light" onClick={onAll}>
      {texts.showAll}
    </Button>
  </Empty>
);

/** No job at all: one to begin with, by a click or from a shell. */
export const NoJobs = ({ onOwn }: { readonly onOwn: () => void }) => {
  const tell = useTell();
  const mayEdit = useMay('editor');
  const asksToken = useMe().data?.noAuth !== true;
  const save = { method: 'PUT', path: jobPath(EXAMPLE.name), body: EXAMPLE };
  const curl = useCurl()(save);
  return (
    <Empty title={texts.noJobs} hint={texts.noJobsHint}>
      <Code block maw="100%" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {JSON.stringify(EXAMPLE, undefined, 2)}
      </Code>
      {mayEdit && (
        <Group>
          <Button
            onClick={() => void ask(save.method, save.path, { body: EXAMPLE, headers: { 'if-none-match': '*' } }).catch(tell)}
          >
            {texts.saveExample}
          </Button>
          <Button variant="default" onClick={onOwn}>
            {texts.ownJob}
          </Button>
        </Group>
      )}
      <Text size="sm" c="dimmed" mt="md">
        {asksToken ? texts.byCurlToken : texts.byCurl}
      </Text>
      <Shown text={curl} what="curl" />
    </Empty>
  );
};
