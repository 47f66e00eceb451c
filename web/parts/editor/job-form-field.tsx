import { Radio, Stack, Switch, TagsInput, Textarea, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Fields } from '../../src/editor/job-fields.ts';
import { textOf } from '../../src/editor/job-fields.ts';
import { isNotYet, valueOf, type Field } from '../../src/editor/job-groups.ts';
import { optionOf, valueText } from '../../src/editor/job-words.ts';
import { bytesText, lengthText, parseBytes, parseLength } from '../../src/editor/length.ts';
import { texts } from '../../src/texts.ts';
import { Draft, InstantInput, PairsInput, ZoneInput, type InputProps } from './job-form-inputs.tsx';

const WIDE: readonly Field['kind'][] = ['choice', 'pairs', 'lines', 'json', 'list', 'switch'];

type FieldProps = {
  readonly field: Field;
  readonly job: Fields;
  readonly problem: string | undefined;
  /** For lists: what there is to choose from. */
  readonly known: readonly string[];
  readonly onChange: (value: unknown) => void;
};

/** One field of the form, whatever its kind. What this version does not do yet is shown and cannot be chosen, unless the job has it already. */
export const FormField = ({ field, job, problem, known, onChange }: FieldProps) => {
  const [label, does] = texts.jobFields[field.path];
  const value = valueOf(job, field.path);
  const isLocked = field.kind !== 'choice' && value === undefined && isNotYet(field);
  const usual =
    field.kind === 'switch'
      ? {}
      : field.path === '/timeout/afterMs'
        ? { placeholder: texts.noTimeout }
        : field.usual === undefined
          ? {}
          : { placeholder: texts.ifEmpty(valueText(field.path, field.usual)) };
  const props: InputProps = {
    label,
    description: isLocked ? texts.notYetHere : does,
    error: problem,
    disabled: isLocked,
    value,
    onChange,
    ...usual,
  };
  return (
    <div data-field={field.path} style={WIDE.includes(field.kind) ? { gridColumn: '1 / -1' } : undefined}>
      {inputOf(field, props, job, known)}
    </div>
  );
};

const inputOf = (field: Field, props: InputProps, job: Fields, known: readonly string[]): ReactNode => {
  const { value, onChange, ...rest } = props;
  const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
  const list = Array.isArray(value) ? value.map(String) : [];
  switch (field.kind) {
    case 'text':
      return (
        <TextInput
          {...rest}
          value={text}
          spellCheck={false}
          autoCapitalize="off"
          onChange={({ currentTarget }) => onChange(orNone(currentTarget.value))}
        />
      );
    case 'lines':
      return (
        <Textarea
          {...rest}
          autosize
          minRows={2}
          maxRows={12}
          value={text}
          onChange={({ currentTarget }) => onChange(orNone(currentTarget.value))}
        />
      );
    case 'zone':
      return <ZoneInput {...props} />;
    case 'instant':
      return <InstantInput {...props} zone={textOf(job, 'timezone') || undefined} />;
    case 'length':
      return <Draft {...props} read={parseLength} write={lengthOf} bad={texts.badLength} />;
    case 'until':
      return (
        <Draft
          {...props}
          read={readUntil}
          write={(each) => (each === 'never' ? texts.neverSo : lengthOf(each))}
          bad={texts.badLength}
        />
      );
    case 'bytes':
      return (
        <Draft
          {...props}
          read={parseBytes}
          write={(each) => (typeof each === 'number' ? bytesText(each) : undefined)}
          bad={texts.badBytes}
        />
      );
    case 'number':
      return (
        <Draft
          {...props}
          read={readNumber}
          write={(each) => (typeof each === 'number' ? String(each) : undefined)}
          bad={texts.badNumber}
        />
      );
    case 'json':
      return (
        <Draft
          {...props}
          isLong
          read={readJson}
          write={(each) => (typeof each === 'string' ? undefined : JSON.stringify(each))}
          bad={texts.badJson}
        />
      );
    case 'list':
    case 'numbers':
      return (
        <TagsInput
          {...rest}
          {...(list.length > 0 ? {} : { placeholder: texts.tagsHint })}
          data={[...known]}
          value={list}
          splitChars={[',']}
          maxDropdownHeight={220}
          onChange={(all) =>
            onChange(all.length === 0 ? undefined : field.kind === 'list' ? all : all.map((each) => readNumber(each) ?? each))
          }
        />
      );
    case 'pairs':
      return <PairsInput {...props} />;
    case 'switch':
      return (
        <Switch
          label={rest.label}
          description={rest.description}
          error={rest.error}
          disabled={rest.disabled}
          checked={typeof value === 'boolean' ? value : field.usual === true}
          onChange={({ currentTarget: { checked } }) => onChange(checked === field.usual ? undefined : checked)}
        />
      );
    case 'choice': {
      const { disabled: _each, placeholder: _none, ...group } = rest;
      const now = typeof value === 'string' ? value : field.usual;
      const options = field.options.includes(now) ? field.options : [...field.options, now];
      return (
        <Radio.Group {...group} value={now} onChange={(chosen) => onChange(chosen === field.usual ? undefined : chosen)}>
          <Stack gap={8} mt={8}>
            {options.map((option) => {
              const [word, does] = optionOf(field.path, option);
              const isOff = isNotYet(field, option) && option !== value;
              return (
                <Radio
                  key={option}
                  value={option}
                  label={option === field.usual ? `${word} (${texts.isUsual})` : word}
                  description={isOff ? `${does} · ${texts.notYetHere}` : does}
                  disabled={isOff}
                />
              );
            })}
          </Stack>
        </Radio.Group>
      );
    }
    default:
      return field satisfies never;
  }
};

const orNone = (text: string): string | undefined => (text === '' ? undefined : text);
const lengthOf = (value: unknown): string | undefined => (typeof value === 'number' ? lengthText(value) : undefined);
const readNumber = (text: string): number | undefined => (/^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined);
const readUntil = (text: string): unknown =>
  [texts.neverSo.toLowerCase(), 'never'].includes(text.trim().toLowerCase()) ? 'never' : parseLength(text);
const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
