import { Alert, Anchor, Button, Group, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { FieldProblem } from '../../src/domain/problem.ts';
import type { JobView } from '../../src/domain/wire.ts';
import { ApiError, ask, jobPath } from '../src/api.ts';
import { EXAMPLE_JOB, fieldsOf, parseJob, textOf, type Fields } from '../src/job-fields.ts';
import { fieldAt, FIELD_GROUPS, type GroupId } from '../src/job-groups.ts';
import { texts } from '../src/texts.ts';
import { Conflict } from './conflict.tsx';
import { CopyCurl } from './copy.tsx';
import classes from './editor.module.css';
import { JobForm } from './job-form.tsx';
import { JobJson } from './job-json.tsx';
import { Wrong } from './states.tsx';

type BodyProps = {
  readonly view: JobView | undefined;
  readonly start: Fields | undefined;
  /** Whether it is asked if changes are to be given up. */
  readonly isAsking: boolean;
  readonly onAsk: (isAsking: boolean) => void;
  readonly onChanged: (isChanged: boolean) => void;
  /** Closes without a question. */
  readonly onClose: (saved?: string) => void;
  readonly onLeave: () => void;
};

/** Why the last attempt to save did not work. */
type Failure =
  | { readonly is: 'invalid'; readonly problems: readonly FieldProblem[]; readonly error: ApiError }
  | { readonly is: 'conflict'; readonly theirs: JobView }
  | { readonly is: 'deleted' }
  | { readonly is: 'other'; readonly error: unknown };

/** Writes a job, as a form or as JSON, and saves it. Fields that the form does not know are kept. */
export const EditorBody = ({ view, start, isAsking, onAsk, onChanged, onClose, onLeave }: BodyProps) => {
  const [base, setBase] = useState(view);
  const [first] = useState<Fields>(view ? fieldsOf(view) : (start ?? EXAMPLE_JOB));
  const [job, setJob] = useState(first);
  const [json, setJson] = useState<string>();
  const [failure, setFailed] = useState<Failure>();
  /** Counts the refused attempts. */
  const [attempt, setAttempt] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<GroupId>>(new Set());
  /** Raised where the job is put in as a whole: what is half written in the fields goes. */
  const [round, setRound] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  const parsed = json === undefined ? { ok: true as const, job } : parseJob(json);
  const from = base ? fieldsOf(base) : first;
  const isChanged = !parsed.ok || JSON.stringify(parsed.job) !== JSON.stringify(from);
  useEffect(() => onChanged(isChanged), [isChanged, onChanged]);

  const replace = (next: Fields): void => {
    setJob(next);
    if (json !== undefined) setJson(JSON.stringify(next, undefined, 2));
    setRound((n) => n + 1);
  };

  const setFailure = (next: Failure): void => {
    setFailed(next);
    setAttempt((n) => n + 1);
  };
  const onRefused = async (error: unknown): Promise<void> => {
    const { status = 0, errors } = error instanceof ApiError ? error.problem : {};
    if (error instanceof ApiError && errors !== undefined) showProblems(error, errors);
    else if (error instanceof ApiError && status === 412 && base) await showTheirs(base.job.name);
    else if (error instanceof ApiError && status === 412)
      showProblems(error, [{ path: '/name', code: 'taken', message: texts.nameTaken }]);
    else setFailure({ is: 'other', error });
  };
  const showTheirs = async (name: string): Promise<void> => {
    try {
      setFailure({ is: 'conflict', theirs: await ask<JobView>('GET', jobPath(name)) });
    } catch (failed) {
      const isGone = failed instanceof ApiError && failed.problem.status === 404;
      setFailure(isGone ? { is: 'deleted' } : { is: 'other', error: failed });
    }
  };
  const showProblems = (error: ApiError, problems: readonly FieldProblem[]): void => {
    setFailure({ is: 'invalid', problems, error });
    const paths = problems.map(({ path }) => fieldAt(path));
    const wrong = FIELD_GROUPS.filter(({ fields }) => fields.some(({ path }) => paths.includes(path)));
    setOpen((before) => new Set([...before, ...wrong.map(({ id }) => id)]));
  };
  // Once it is drawn: the first field with a problem has the focus, whatever group it is in; else what was told is brought into sight.
  useEffect(() => {
    if (attempt === 0) return;
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid=true]');
    wrong?.focus();
    (wrong ?? form.current?.querySelector('[role=alert]'))?.scrollIntoView({ block: 'nearest' });
  }, [attempt]);

  const save = (asked: Fields, headers: Record<string, string>): void => {
    setBusy(true);
    const name = textOf(asked, 'name');
    ask('PUT', jobPath(name), { body: asked, headers })
      .then(() => onClose(name), onRefused)
      .finally(() => setBusy(false));
  };
  const submit = (): void => {
    if (!parsed.ok || isBusy) return;
    save(parsed.job, base ? { 'if-match': `"${base.revision}"` } : { 'if-none-match': '*' });
  };
  const takeTheirs = (theirs: JobView): void => {
    setBase(theirs);
    replace(fieldsOf(theirs));
    setFailed(undefined);
  };
  const toggleJson = (): void => {
    if (json === undefined) setJson(JSON.stringify(job, undefined, 2));
    else if (parsed.ok) {
      setJob(parsed.job);
      setRound((n) => n + 1);
      setJson(undefined);
    }
  };

  const problems = failure?.is === 'invalid' ? failure.problems : [];
  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        submit();
      }}
    >
      <Stack gap="md">
        {json === undefined ? (
          <JobForm
            key={round}
            job={job}
            isNew={!view}
            problems={problems}
            open={open}
            onToggle={(id) =>
              setOpen((before) => new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id]))
            }
            onChange={(next, path) => {
              setJob(next);
              // What was said of this field was said of what it was before.
              if (failure?.is === 'invalid')
                setFailed({ ...failure, problems: problems.filter((each) => fieldAt(each.path) !== path) });
            }}
          />
        ) : (
          <JobJson json={json} problem={parsed.ok ? undefined : parsed.why} onChange={setJson} />
        )}
        {failure && parsed.ok && (
          <Told
            failure={failure}
            isJson={json !== undefined}
            base={from}
            mine={parsed.job}
            isBusy={isBusy}
            onTakeTheirs={takeTheirs}
            onSave={(asked, theirs) => {
              setBase(theirs);
              replace(asked);
              save(asked, { 'if-match': `"${theirs.revision}"` });
            }}
            onSaveAnew={() => save(parsed.job, { 'if-none-match': '*' })}
          />
        )}
      </Stack>
      <div className={classes.foot}>
        {isAsking ? (
          <Group role="alertdialog" aria-label={texts.unsaved} gap="sm">
            <Text size="sm" flex={1} miw={160}>
              {texts.unsaved}
            </Text>
            <Button color="red" variant="light" onClick={() => onClose()}>
              {texts.discard}
            </Button>
            <Button autoFocus variant="default" onClick={() => onAsk(false)}>
              {texts.keepWriting}
            </Button>
          </Group>
        ) : (
          <Group gap="sm">
            <Button type="submit" loading={isBusy} disabled={!parsed.ok} title={texts.saveHint}>
              {texts.save}
            </Button>
            <Button variant="default" onClick={onLeave}>
              {texts.cancel}
            </Button>
            <Group gap="md" ml="auto">
              {parsed.ok && <CopyCurl action={{ method: 'PUT', path: jobPath(textOf(parsed.job, 'name')), body: parsed.job }} />}
              <Anchor component="button" type="button" size="sm" onClick={toggleJson}>
                {json === undefined ? texts.asJson : texts.asForm}
              </Anchor>
            </Group>
          </Group>
        )}
      </div>
    </form>
  );
};

type ToldProps = {
  readonly failure: Failure;
  readonly isJson: boolean;
  readonly base: Fields;
  readonly mine: Fields;
  readonly isBusy: boolean;
  readonly onTakeTheirs: (theirs: JobView) => void;
  readonly onSave: (job: Fields, over: JobView) => void;
  readonly onSaveAnew: () => void;
};

/** What stands at no field. */
const Told = ({ failure, isJson, base, mine, isBusy, onTakeTheirs, onSave, onSaveAnew }: ToldProps) => {
  switch (failure.is) {
    case 'conflict': {
      const { theirs } = failure;
      return (
        <Conflict
          key={theirs.revision}
          base={base}
          mine={mine}
          theirs={theirs}
          isBusy={isBusy}
          onTakeTheirs={() => onTakeTheirs(theirs)}
          onSave={(job) => onSave(job, theirs)}
        />
      );
    }
    case 'deleted':
      return (
        <Alert color="yellow" role="alert" title={texts.deletedMeanwhile}>
          <Text size="sm">{texts.deletedMeanwhileHint}</Text>
          <Button mt="sm" size="sm" variant="light" color="yellow" loading={isBusy} onClick={onSaveAnew}>
            {texts.saveAnew}
          </Button>
        </Alert>
      );
    case 'invalid': {
      const shown = isJson ? [] : failure.problems.filter(({ path }) => fieldAt(path) !== undefined).map(({ path }) => path);
      if (failure.problems.length === shown.length) return null;
      return (
        <Alert color="red" role="alert" title={texts.failed}>
          <Wrong error={failure.error} except={shown} />
        </Alert>
      );
    }
    case 'other':
      return (
        <Alert color="red" role="alert" title={texts.failed}>
          <Wrong error={failure.error} />
        </Alert>
      );
    default:
      return failure satisfies never;
  }
};
