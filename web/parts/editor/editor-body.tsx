import { Alert, Button } from '@mantine/core';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { FieldProblem } from '../../../src/domain/problem.ts';
import type { JobView } from '../../../src/domain/wire.ts';
import { ApiError, ask, jobPath } from '../../src/api.ts';
import { EXAMPLE_JOB, fieldsOf, parseJob, textOf, type Fields } from '../../src/editor/job-fields.ts';
import { fieldAt, FIELD_GROUPS, type GroupId } from '../../src/editor/job-groups.ts';
import { texts } from '../../src/texts.ts';
import { Conflict } from './conflict.tsx';
import { CopyCurl } from '../copy.tsx';
import { EditorFoot } from './editor-foot.tsx';
import { Told, type Failure } from './editor-told.tsx';
import classes from './editor.module.css';
import { JobForm } from './job-form.tsx';
import { JobJson } from './job-json.tsx';

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

/** Writes a job, as a form or as JSON, and saves it. Fields that the form does not know are kept. */
export const EditorBody = ({ view, start, isAsking, onAsk, onChanged, onClose, onLeave }: BodyProps) => {
  /** What mine began from; the other side's once it was seen. */
  const [base, setBase] = useState(view);
  const [first] = useState<Fields>(view ? fieldsOf(view) : (start ?? EXAMPLE_JOB));
  const [job, setJob] = useState(first);
  const [json, setJson] = useState<string>();
  const [failure, setFailure] = useState<Failure>();
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
  useLayoutEffect(() => onChanged(isChanged), [isChanged, onChanged]);

  const replace = (next: Fields): void => {
    setJob(next);
    if (json !== undefined) setJson(JSON.stringify(next, undefined, 2));
    setRound((n) => n + 1);
  };

  const refuse = (why: Failure): void => {
    setFailure(why);
    setAttempt((n) => n + 1);
  };
  const showProblems = (problems: readonly FieldProblem[]): void => {
    refuse({ is: 'invalid', problems });
    const paths = problems.map(({ path }) => fieldAt(path));
    const wrong = FIELD_GROUPS.filter(({ fields }) => fields.some(({ path }) => paths.includes(path)));
    setOpen((before) => new Set([...before, ...wrong.map(({ id }) => id)]));
  };
  const showTheirs = async (name: string): Promise<void> => {
    try {
      refuse({ is: 'conflict', theirs: await ask<JobView>('GET', jobPath(name)) });
    } catch (error) {
      const isGone = error instanceof ApiError && error.problem.status === 404;
      refuse(isGone ? { is: 'deleted' } : { is: 'other', error });
    }
  };
  const onRefused = async (error: unknown): Promise<void> => {
    const { status, errors } = error instanceof ApiError ? error.problem : {};
    if (errors !== undefined) showProblems(errors);
    else if (status === 412 && view) await showTheirs(view.job.name);
    else if (status === 412) showProblems([{ path: '/name', code: 'taken', message: texts.nameTaken }]);
    else refuse({ is: 'other', error });
  };
  // Once it is drawn: the first field with a problem has the focus, whatever group it is in; else what was told is brought into sight.
  useEffect(() => {
    if (attempt === 0) return;
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid=true]');
    wrong?.focus();
    (wrong ?? form.current?.querySelector('[role=alert]'))?.scrollIntoView({ block: 'center' });
  }, [attempt]);

  /** `over`: the other side's job, which was seen and is to be replaced. */
  const save = (asked: Fields, headers: Record<string, string>, over?: JobView): void => {
    const name = textOf(asked, 'name');
    if (view && name !== view.job.name) {
      showProblems([{ path: '/name', code: 'fixed', message: texts.nameFixed }]);
      return;
    }
    setBusy(true);
    ask('PUT', jobPath(name), { body: asked, headers })
      .then(
        () => onClose(name),
        (error: unknown) => {
          if (over) {
            setBase(over);
            replace(asked);
          }
          return onRefused(error);
        },
      )
      .finally(() => setBusy(false));
  };
  const submit = (): void => {
    if (!parsed.ok || isBusy || failure?.is === 'conflict') return;
    save(parsed.job, base ? { 'if-match': `"${base.revision}"` } : { 'if-none-match': '*' });
  };
  const toggleJson = (): void => {
    if (json === undefined) setJson(JSON.stringify(job, undefined, 2));
    else if (parsed.ok) {
      setJob(parsed.job);
      setRound((n) => n + 1);
      setJson(undefined);
    }
  };
  const write = (next: Fields, path: string): void => {
    setJob(next);
    // What was said of this field was said of what it was before.
    if (failure?.is === 'invalid')
      setFailure({ ...failure, problems: failure.problems.filter((each) => fieldAt(each.path) !== path) });
  };
  const toggle = (id: GroupId): void =>
    setOpen((before) => new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id]));

  const isConflict = failure?.is === 'conflict' && parsed.ok;
  return (
    <form
      ref={form}
      className={classes.whole}
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
      <div className={classes.content}>
        {base?.broken !== undefined && (
          <Alert color="red" mb="md" title={texts.broken}>
            {texts.brokenHint(base.broken)}
          </Alert>
        )}
        {isConflict ? (
          <Conflict
            key={failure.theirs.revision}
            base={from}
            mine={parsed.job}
            theirs={failure.theirs}
            isBusy={isBusy}
            onSave={(asked) => save(asked, { 'if-match': `"${failure.theirs.revision}"` }, failure.theirs)}
            onTakeTheirs={() => {
              setBase(failure.theirs);
              replace(fieldsOf(failure.theirs));
              setFailure(undefined);
            }}
          />
        ) : json === undefined ? (
          <JobForm
            key={round}
            job={job}
            isNew={!view}
            problems={failure?.is === 'invalid' ? failure.problems : []}
            open={open}
            onToggle={toggle}
            onChange={write}
          />
        ) : (
          <JobJson json={json} problem={parsed.ok ? undefined : parsed.why} onChange={setJson} />
        )}
        {failure && failure.is !== 'conflict' && (
          <Told
            failure={failure}
            isForm={json === undefined}
            isBusy={isBusy}
            onSaveAnew={() => parsed.ok && save(parsed.job, { 'if-none-match': '*' })}
          />
        )}
      </div>
      <EditorFoot
        isAsking={isAsking}
        isBusy={isBusy}
        maySave={parsed.ok}
        isJson={json !== undefined}
        onDiscard={() => onClose()}
        onKeep={() => onAsk(false)}
        onLeave={onLeave}
        onToggleJson={toggleJson}
        {...(isConflict
          ? {
              instead: (
                <Button variant="default" onClick={() => setFailure(undefined)}>
                  {texts.backToMine}
                </Button>
              ),
            }
          : {})}
      >
        {parsed.ok && <CopyCurl action={{ method: 'PUT', path: jobPath(textOf(parsed.job, 'name')), body: parsed.job }} />}
      </EditorFoot>
    </form>
  );
};
