import { Anchor, Alert, Button, Drawer, Group, Stack } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { JobView } from '../../src/domain/wire.ts';
import { ApiError, ask, jobPath } from '../src/api.ts';
import { EXAMPLE_JOB, fieldsOf, parseJob, textOf, type Fields } from '../src/job-fields.ts';
import { texts } from '../src/texts.ts';
import { JobForm, SHOWN_PATHS } from './job-form.tsx';
import { JobJson } from './job-json.tsx';
import { Wrong } from './states.tsx';
import { useTell } from './tell.tsx';

type EditorProps = {
  /** The job to edit; a new one without it and without `name`. */
  readonly view?: JobView | undefined;
  readonly name?: string | undefined;
  /** What a new job begins as. */
  readonly start?: Fields | undefined;
  /** With the name of the job, where it was saved. */
  readonly onClose: (saved?: string) => void;
};

/** The editor above the page. A job that is known by name alone is read first. */
export default function Editor({ view, name, start, onClose }: EditorProps) {
  const isKnown = view !== undefined || name === undefined;
  const [read, setRead] = useState<JobView>();
  const tell = useTell();
  useEffect(() => {
    if (isKnown) return;
    ask<JobView>('GET', jobPath(name)).then(setRead, (error: unknown) => {
      tell(error);
      onClose();
    });
  }, [isKnown, name]);
  return (isKnown || read) && <Form view={view ?? read} start={start} onClose={onClose} />;
}

/** A job as a form or as JSON. What the form does not show is kept as it is. */
const Form = ({ view, start, onClose }: Omit<EditorProps, 'name'>) => {
  const [base, setBase] = useState(view);
  const [job, setJob] = useState<Fields>(view ? fieldsOf(view) : (start ?? EXAMPLE_JOB));
  const [json, setJson] = useState<string>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const parsed = json === undefined ? { ok: true as const, job } : parseJob(json);
  const isConflict = error instanceof ApiError && error.problem.status === 412;
  const isInvalid = error instanceof ApiError && error.problem.errors !== undefined;

  const save = (headers: Record<string, string>): void => {
    if (!parsed.ok) return;
    setBusy(true);
    setError(undefined);
    ask('PUT', jobPath(textOf(parsed.job, 'name')), { body: parsed.job, headers })
      .then(() => onClose(textOf(parsed.job, 'name')), setError)
      .finally(() => setBusy(false));
  };
  const loadTheirs = (): void => {
    ask<JobView>('GET', jobPath(textOf(job, 'name')))
      .then((theirs) => {
        setBase(theirs);
        setJob(fieldsOf(theirs));
        setJson(undefined);
        setError(undefined);
      })
      .catch(setError);
  };
  const toggleJson = (): void => {
    if (json === undefined) setJson(JSON.stringify(job, undefined, 2));
    else if (parsed.ok) {
      setJob(parsed.job);
      setJson(undefined);
    }
  };

  return (
    <Drawer
      opened
      onClose={() => onClose()}
      position="right"
      size={560}
      title={view ? texts.editJob(view.job.name) : texts.newJob}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
      closeButtonProps={{ 'aria-label': texts.close }}
      transitionProps={{ duration: 120 }}
      closeOnClickOutside={false}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          save(base ? { 'if-match': `"${base.revision}"` } : { 'if-none-match': '*' });
        }}
      >
        <Stack gap="md">
          {json === undefined ? (
            <JobForm job={job} isNew={!view} error={error} onChange={setJob} />
          ) : (
            <JobJson json={json} problem={parsed.ok ? undefined : parsed.why} onChange={setJson} />
          )}
          {isConflict ? (
            <Alert color="yellow" role="alert">
              {base ? texts.conflict : texts.nameTaken}
              {base && (
                <Group mt="sm" gap="xs">
                  <Button size="xs" variant="default" onClick={loadTheirs}>
                    {texts.loadTheirs}
                  </Button>
                  <Button size="xs" variant="light" color="yellow" onClick={() => save({})}>
                    {texts.saveOver}
                  </Button>
                </Group>
              )}
            </Alert>
          ) : (
            error !== undefined &&
            !(isInvalid && json === undefined && hasPlace(error)) && (
              <Alert color="red" title={texts.failed} role="alert">
                <Wrong error={error} except={json === undefined ? SHOWN_PATHS : []} />
              </Alert>
            )
          )}
          <Group>
            <Button type="submit" loading={isBusy} disabled={!parsed.ok}>
              {texts.save}
            </Button>
            <Button variant="default" onClick={() => onClose()}>
              {texts.cancel}
            </Button>
            <Anchor component="button" type="button" size="sm" ml="auto" onClick={toggleJson}>
              {json === undefined ? texts.asJson : texts.asForm}
            </Anchor>
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
};

/** Whether each of the problems stands beside a field of the form. */
const hasPlace = ({ problem: { errors = [] } }: ApiError): boolean => errors.every(({ path }) => SHOWN_PATHS.includes(path));
