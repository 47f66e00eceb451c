import { Text, UnstyledButton } from '@mantine/core';
import { useId } from 'react';
import type { Fields } from '../../src/editor/job-fields.ts';
import { setIn, valueOf, type Field, type FieldGroup } from '../../src/editor/job-groups.ts';
import { summaryOf } from '../../src/editor/job-words.ts';
import { texts } from '../../src/texts.ts';
import classes from './editor.module.css';
import { FormField } from './job-form-field.tsx';

type GroupProps = {
  readonly group: FieldGroup;
  readonly job: Fields;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  readonly problemOf: (path: string) => string | undefined;
  readonly knownOf: (path: string) => readonly string[];
  readonly onChange: (field: Field, value: unknown) => void;
};

/** Fields that most jobs leave as they are, folded away: one line says what they do, or what this job has set in them. */
export const FormGroup = ({ group, job, isOpen, onToggle, problemOf, knownOf, onChange }: GroupProps) => {
  const id = useId();
  const [title, does] = texts.jobGroups[group.id];
  const set = setIn(job, group);
  const wrong = group.fields.filter(({ path }) => problemOf(path) !== undefined).length;
  return (
    <section className={classes.group} data-group={group.id}>
      <UnstyledButton className={classes.groupHead} aria-expanded={isOpen} aria-controls={id} onClick={onToggle}>
        <span className={classes.chevron} data-open={isOpen || undefined} aria-hidden="true">
          ›
        </span>
        <span className="anywhere">
          <Text span size="sm" fw={600} display="block">
            {title}
          </Text>
          {wrong > 0 ? (
            <Text span size="xs" c="var(--mantine-color-error)" display="block">
              ✕ {texts.invalidFields(wrong)}
            </Text>
          ) : set.length > 0 ? (
            <Text span size="xs" display="block" data-set>
              {summaryOf(set.map(({ path }) => ({ path, value: valueOf(job, path) })))}
            </Text>
          ) : (
            <Text span size="xs" c="dimmed" display="block">
              {does}
            </Text>
          )}
        </span>
      </UnstyledButton>
      <div id={id} hidden={!isOpen}>
        {isOpen && (
          <div className={classes.fields}>
            {group.fields.map((field) => (
              <FormField
                key={field.path}
                field={field}
                job={job}
                problem={problemOf(field.path)}
                known={knownOf(field.path)}
                onChange={(value) => onChange(field, value)}
              />
            ))}
          </div>
        )}
      </div>
    </section>
  );
};
