import { Autocomplete, Textarea, TextInput } from '@mantine/core';
import { useMemo } from 'react';
import { ApiError } from '../src/api.ts';
import { textOf, withText, type Fields } from '../src/job-fields.ts';
import { texts } from '../src/texts.ts';
import { useExplained } from '../src/use-explained.ts';
import { Meaning } from './meaning.tsx';

/** Problems with these stand beside their field. */
export const SHOWN_PATHS: readonly string[] = ['/name', '/command', '/cronExpr', '/timezone'];

type FormProps = {
  readonly job: Fields;
  readonly isNew: boolean;
  /** What the master said to the last attempt to save. */
  readonly error: unknown;
  readonly onChange: (job: Fields) => void;
};

/** The fields that every job has, and what its schedule means while it is typed. */
export const JobForm = ({ job, isNew, error, onChange }: FormProps) => {
  const [cronExpr, timezone] = [textOf(job, 'cronExpr'), textOf(job, 'timezone')];
  const explained = useExplained(cronExpr, timezone);
  const problems = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  const saidOf = (field: string): string | undefined => problems.find(({ path }) => path === `/${field}`)?.message;
  const set =
    (field: string, isOptional = false) =>
    ({ currentTarget: { value } }: { readonly currentTarget: { readonly value: string } }): void =>
      onChange(withText(job, field, value, isOptional));
  const zones = useMemo(() => ['UTC', ...Intl.supportedValuesOf('timeZone')], []);
  const mono = { input: { fontFamily: 'var(--mantine-font-family-monospace)' } };
  return (
    <>
      <TextInput
        label={texts.name}
        {...(isNew ? { description: texts.nameHint } : {})}
        value={textOf(job, 'name')}
        readOnly={!isNew}
        variant={isNew ? 'default' : 'filled'}
        data-autofocus={isNew || undefined}
        autoComplete="off"
        spellCheck={false}
        error={saidOf('name')}
        onChange={set('name')}
      />
      <Textarea
        label={texts.command}
        description={texts.commandHint}
        autosize
        minRows={2}
        maxRows={16}
        spellCheck={false}
        styles={mono}
        value={textOf(job, 'command')}
        error={saidOf('command')}
        onChange={set('command')}
      />
      <div>
        <Textarea
          label={texts.cron}
          description={texts.cronHint}
          autosize
          minRows={1}
          maxRows={10}
          spellCheck={false}
          styles={mono}
          value={cronExpr}
          error={explained.problems.get('/cronExpr') ?? (explained.isFresh ? undefined : saidOf('cronExpr'))}
          onChange={set('cronExpr')}
        />
        <Meaning explained={explained.answer} />
      </div>
      <Autocomplete
        label={texts.zone}
        description={texts.zoneHint}
        data={zones}
        limit={20}
        value={timezone}
        error={explained.problems.get('/timezone') ?? (explained.isFresh ? undefined : saidOf('timezone'))}
        onChange={(value) => onChange(withText(job, 'timezone', value, true))}
      />
    </>
  );
};
