import { Alert, Drawer, Skeleton, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { JobView } from '../../../src/domain/wire.ts';
import { ApiError, ask, jobPath } from '../../src/api.ts';
import type { Fields } from '../../src/editor/job-fields.ts';
import { useMay } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import { useBack } from '../../src/editor/use-back.ts';
import { EditorBody } from './editor-body.tsx';
import classes from './editor.module.css';
import { Failed } from '../states.tsx';

type EditorProps = {
  /** The job to edit; a new one without it and without `name`. */
  readonly view?: JobView | undefined;
  readonly name?: string | undefined;
  /** What a new job begins as. */
  readonly start?: Fields | undefined;
  /** With the name of the job, where it was saved. */
  readonly onClose: (saved?: string) => void;
};

/** The editor above the page: a sheet at the side, on a phone the whole screen. A job that is known by name alone is read first. Changes are never lost without a question. */
export default function Editor({ view, name, start, onClose: onClosed }: EditorProps) {
  const isNamed = view === undefined && name !== undefined;
  const read = useQuery({
    queryKey: ['toEdit', name],
    queryFn: () => ask<JobView>('GET', jobPath(name ?? '')),
    enabled: isNamed,
    gcTime: 0,
  });
  const mayEdit = useMay('editor');
  // The sheet goes away at once, so that the library has no time to give the focus back.
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    },
    [before],
  );
  const [isChanged, setChanged] = useState(false);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    if (!isChanged) return undefined;
    const hold = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', hold);
    return () => removeEventListener('beforeunload', hold);
  }, [isChanged]);
  const onClose = useBack(() => {
    setAsking(isChanged);
    return !isChanged;
  }, onClosed);
  // Escape asks; a second one is "keep writing".
  const leave = (): void => (isChanged ? setAsking(!isAsking) : onClose());
  const job = view ?? read.data;
  const title = view?.job.name ?? name;
  return (
    <Drawer
      opened
      onClose={leave}
      position="right"
      size="min(100vw, 70rem)"
      title={title === undefined ? texts.newJob : texts.editJob(title)}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' }, header: { zIndex: 3 } }}
      classNames={{ content: classes.sheet, body: classes.body }}
      closeButtonProps={{ 'aria-label': texts.close }}
      transitionProps={{ duration: 120 }}
      closeOnClickOutside={!isChanged}
    >
      {!mayEdit ? (
        <Alert color="yellow">{texts.mayNotEdit}</Alert>
      ) : isNamed && read.error ? (
        read.error instanceof ApiError && read.error.problem.status === 404 ? (
          <Alert color="yellow" role="alert">
            {texts.noSuchJob(name)}
          </Alert>
        ) : (
          <Failed error={read.error} onAgain={() => void read.refetch()} />
        )
      ) : isNamed && !job ? (
        <Stack aria-busy="true">
          {[36, 84, 60, 44, 44, 44].map((height, index) => (
            <Skeleton key={index} height={height} />
          ))}
        </Stack>
      ) : (
        <EditorBody
          view={job}
          start={start}
          isAsking={isAsking && isChanged}
          onAsk={setAsking}
          onChanged={setChanged}
          onClose={onClose}
          onLeave={leave}
        />
      )}
    </Drawer>
  );
}
