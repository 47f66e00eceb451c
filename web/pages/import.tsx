import {
  Alert,
  Button,
  Checkbox,
  FileButton,
  Group,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { useState, type DragEvent } from 'react';
import { Link } from 'wouter';
import type { ImportAnswer } from '../../src/domain/crontab/answer.ts';
import { ImportAction, ImportLines } from '../parts/import/import-lines.tsx';
import { Wrong } from '../parts/states.tsx';
import { concernsJob, countToSave, jobsIn, sendImport, type ImportAsked } from '../src/import-asked.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';

const TYPING_MS = 400;
const EMPTY: ImportAsked = {
  text: '',
  source: 'console',
  timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  workers: '',
  ignoreUser: false,
  disabled: false,
  prune: false,
};

/** A crontab is pasted or dropped, seen line by line, and saved. */
export default function Import() {
  useTitle(texts.importPage);
  const [asked, setAsked] = useState(EMPTY);
  const [looked] = useDebouncedValue(asked, TYPING_MS);
  const [isShort, setShort] = useState(false);
  const save = useMutation({ mutationFn: () => sendImport(asked, false) });
  const dryRun = useQuery({
    queryKey: ['import', looked],
    queryFn: ({ signal }) => sendImport(looked, true, signal),
    enabled: looked.text.trim() !== '' && looked.source.trim() !== '',
    placeholderData: keepPreviousData,
    gcTime: 0,
    retry: false,
  });
  const set = (some: Partial<ImportAsked>): void => {
    save.reset();
    setAsked((before) => ({ ...before, ...some }));
  };
  const take = (file: File | null | undefined): void => {
    if (file)
      void file
        .text()
        .then((text) => set({ text, ...(asked.source === EMPTY.source ? { source: file.name.slice(0, 80) } : {}) }));
  };
  const onDrop = (event: DragEvent): void => {
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  const isEmpty = asked.text.trim() === '';
  const isJobs = jobsIn(asked.text) !== undefined;
  const isFresh = looked === asked && !dryRun.isPlaceholderData && !dryRun.isFetching;
  const answer = isEmpty || dryRun.error ? undefined : (save.data ?? dryRun.data);
  const toSave = answer && !save.data ? countToSave(answer) : 0;
  return (
    <Stack gap="md" onDragOver={(event) => event.preventDefault()} onDrop={onDrop}>
      <Title order={1} size="h3">
        {texts.importPage}
      </Title>
      <Text size="sm" c="dimmed">
        {texts.importHint}
      </Text>
      <Textarea
        label={texts.crontab}
        placeholder={texts.crontabExample}
        autosize
        minRows={8}
        maxRows={24}
        spellCheck={false}
        wrap="off"
        classNames={{ input: 'mono' }}
        value={asked.text}
        onChange={({ currentTarget }) => set({ text: currentTarget.value })}
      />
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <TextInput
          label={texts.importSource}
          description={texts.importSourceHint}
          maxLength={80}
          value={asked.source}
          onChange={({ currentTarget }) => set({ source: currentTarget.value })}
        />
        <TextInput
          label={texts.importZone}
          description={texts.importZoneHint}
          disabled={isJobs}
          value={asked.timezone}
          onChange={({ currentTarget }) => set({ timezone: currentTarget.value })}
        />
        <TextInput
          label={texts.importWorkers}
          description={texts.importWorkersHint}
          disabled={isJobs}
          value={asked.workers}
          onChange={({ currentTarget }) => set({ workers: currentTarget.value })}
        />
      </SimpleGrid>
      <Stack gap={6}>
        <Checkbox
          label={texts.ignoreUser}
          disabled={isJobs}
          checked={asked.ignoreUser}
          onChange={({ currentTarget }) => set({ ignoreUser: currentTarget.checked })}
        />
        <Checkbox
          label={texts.saveDisabled}
          checked={asked.disabled}
          onChange={({ currentTarget }) => set({ disabled: currentTarget.checked })}
        />
        <Checkbox
          label={texts.pruneJobs}
          checked={asked.prune}
          onChange={({ currentTarget }) => set({ prune: currentTarget.checked })}
        />
      </Stack>
      <Group>
        <Button loading={save.isPending} disabled={!isFresh || toSave === 0} onClick={() => save.mutate()}>
          {toSave === 0 ? texts.importNothing : texts.importSave(toSave)}
        </Button>
        <FileButton onChange={take}>
          {(props) => (
            <Button variant="default" {...props}>
              {texts.chooseFile}
            </Button>
          )}
        </FileButton>
      </Group>
      {(save.error ?? (!isEmpty && dryRun.error)) && (
        <Alert color="red" title={texts.failed} role="alert">
          <Wrong error={save.error ?? dryRun.error} />
        </Alert>
      )}
      {save.data && (
        <Alert color="teal" title={texts.importedTitle} role="status">
          <Counts answer={save.data} />
          {save.data.format !== 'jobs' && (
            <Text size="sm" mt="xs">
              <Link href={`/?tag=${encodeURIComponent(`crontab:${save.data.source ?? ''}`)}`}>{texts.importedJobs}</Link>
            </Text>
          )}
        </Alert>
      )}
      {answer && (
        <Stack gap="xs" component="section" aria-label={texts.importLines}>
          <Group justify="space-between">
            <Title order={2} size="h5">
              {texts.importLines}
            </Title>
            <Switch label={texts.onlyJobs} checked={isShort} onChange={({ currentTarget }) => setShort(currentTarget.checked)} />
          </Group>
          {!save.data && <Counts answer={answer} />}
          <ImportLines items={isShort ? answer.items.filter(concernsJob) : answer.items} text={isJobs ? '' : asked.text} />
        </Stack>
      )}
    </Stack>
  );
}

const COUNTED = ['created', 'changed', 'unchanged', 'removed', 'refused'] as const;

const Counts = ({ answer }: { readonly answer: ImportAnswer }) => (
  <Group gap="xs">
    {COUNTED.filter((action) => answer[action] > 0).map((action) => (
      <ImportAction key={action} action={action} count={answer[action]} />
    ))}
  </Group>
);
