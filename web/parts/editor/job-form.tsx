import { Text, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { DEFAULTS } from '../../../src/domain/defaults.ts';
import type { FieldProblem } from '../../../src/domain/problem.ts';
import type { WorkerView } from '../../../src/domain/wire.ts';
import { ask, type Page } from '../../src/api.ts';
import { EXAMPLE_JOB, setAt, textOf, type Fields } from '../../src/editor/job-fields.ts';
import { fieldAt, FIELD_GROUPS, withValue, type Field, type GroupId } from '../../src/editor/job-groups.ts';
import { mayTake, placeText } from '../../src/job/job-place.ts';
import { texts } from '../../src/texts.ts';
import { useExplained } from '../../src/editor/use-explained.ts';
import classes from './editor.module.css';
import { FormGroup } from './job-form-group.tsx';
import { Meaning, Places } from './meaning.tsx';

type FormProps = {
  readonly job: Fields;
  readonly isNew: boolean;
  /** What the master said to the last attempt to save, of the fields that were not touched since. */
  readonly problems: readonly FieldProblem[];
  readonly open: ReadonlySet<GroupId>;
  readonly onToggle: (group: GroupId) => void;
  /** `path`: the field that was written in. */
  readonly onChange: (job: Fields, path: string) => void;
};

const WORKERS_MS = 30_000;

/** A job as a form: the three fields that every job has, what they mean, and the rest in groups. */
export const JobForm = ({ job, isNew, problems, open, onToggle, onChange }: FormProps) => {
  const explained = useExplained(job);
  const cron = useRef<HTMLTextAreaElement>(null);
  const workers = useQuery({
    queryKey: ['workers', 'toChoose'],
    queryFn: () => ask<Page<WorkerView>>('GET', '/workers'),
    staleTime: WORKERS_MS,
  }).data?.items;
  const all = [...explained.problems, ...problems];
  const problemOf = (path: string): string | undefined => all.find((each) => fieldAt(each.path) === path)?.message;
  const set =
    (field: string) =>
    ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) =>
      onChange(setAt(job, `/${field}`, currentTarget.value), `/${field}`);
  const knownOf = (path: string): readonly string[] => {
    if (path === '/placement/workers') return [...new Set(workers?.map(({ name }) => name))];
    return path === '/placement/labels' ? [...new Set(workers?.flatMap(({ labels }) => labels))] : [];
  };
  const inCron = problemsIn(explained.problems);
  const goTo = (start: number, end: number): void => {
    cron.current?.focus();
    cron.current?.setSelectionRange(start, end);
  };
  const count = workers && mayTake(job, workers);
  return (
    <div className={classes.form}>
      <div className={classes.first}>
        <TextInput
          label={texts.name}
          {...(isNew ? { description: texts.nameHint } : {})}
          value={textOf(job, 'name')}
          readOnly={!isNew}
          variant={isNew ? 'default' : 'filled'}
          data-autofocus={isNew || undefined}
          data-field="/name"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          error={problemOf('/name')}
          onChange={set('name')}
        />
        <div>
          <Textarea
            label={texts.command}
            placeholder={texts.noCommand}
            autosize
            minRows={3}
            maxRows={18}
            autoCapitalize="off"
            spellCheck={false}
            data-autofocus={!isNew || undefined}
            data-field="/command"
            classNames={{ input: 'mono' }}
            value={textOf(job, 'command')}
            error={problemOf('/command')}
            onChange={set('command')}
          />
          <Text size="xs" c="dimmed" mt={6} className="anywhere" data-place-of-run>
            {placeText(job)}
            {count === 0 && ` ⚠ ${texts.noWorkerNow}`}
            {count !== undefined &&
              count > 0 &&
              count < (workers?.length ?? 0) &&
              ` ${texts.workersNow(count, workers?.length ?? 0)}`}
          </Text>
        </div>
        <div>
          <Textarea
            ref={cron}
            label={texts.cron}
            description={texts.cronHint}
            autosize
            minRows={1}
            maxRows={12}
            autoCapitalize="off"
            spellCheck={false}
            data-field="/cronExpr"
            classNames={{ input: 'mono' }}
            value={textOf(job, 'cronExpr')}
            error={inCron.length > 0 ? true : problemOf('/cronExpr')}
            onChange={set('cronExpr')}
            onFocus={({ currentTarget }) => {
              // The example is there to be written over, also by who comes with the Tab key.
              if (isNew && currentTarget.value === EXAMPLE_JOB['cronExpr']) currentTarget.select();
            }}
          />
          <Places text={textOf(job, 'cronExpr')} problems={explained.isFresh ? inCron : []} onGo={goTo} />
        </div>
      </div>
      <div className={classes.aside}>
        <Meaning
          explained={explained.answer}
          zone={textOf(job, 'timezone') || DEFAULTS.timezone}
          isOff={job['enabled'] === false}
        />
      </div>
      <div className={classes.groups}>
        {FIELD_GROUPS.map((group) => (
          <FormGroup
            key={group.id}
            group={group}
            job={job}
            isOpen={open.has(group.id)}
            onToggle={() => onToggle(group.id)}
            problemOf={problemOf}
            knownOf={knownOf}
            onChange={({ path }: Field, value) => onChange(withValue(job, path, value), path)}
          />
        ))}
      </div>
    </div>
  );
};

/** Those of the cron text, in its order. */
const problemsIn = (problems: readonly FieldProblem[]): readonly FieldProblem[] =>
  problems
    .filter(({ path }) => path === '/cronExpr')
    .sort((a, b) => (a.line ?? 1) - (b.line ?? 1) || (a.column ?? 1) - (b.column ?? 1));
