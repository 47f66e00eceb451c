import { ActionIcon, Autocomplete, Button, Group, Input, Stack, Textarea, TextInput } from '@mantine/core';
import { useMemo, useState, type ClipboardEvent, type ReactNode } from 'react';
import { format } from '../../src/format.ts';
import { texts } from '../../src/texts.ts';

/** What every input of the form has. `onChange(undefined)` takes the field out. */
export type InputProps = {
  readonly label: string;
  readonly description: ReactNode;
  readonly placeholder?: string;
  readonly error: ReactNode;
  readonly disabled: boolean;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
};

const rawText = (value: unknown): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);

type DraftProps = InputProps & {
  /** What a text means; undefined where it cannot be read: then the text itself is kept, and the field says so. */
  readonly read: (text: string) => unknown;
  /** How a value is written; undefined for what it is not made for. */
  readonly write: (value: unknown) => string | undefined;
  readonly bad: string;
  readonly isLong?: boolean;
};

/** A value that people write in their own way. While one writes, the text stays as it is written, and below it stands what was understood. */
export const Draft = ({ read, write, bad, isLong = false, value, onChange, error, description, ...rest }: DraftProps) => {
  const [draft, setDraft] = useState<string>();
  const written = value === undefined ? '' : write(value);
  const text = draft ?? written ?? rawText(value);
  const isUnderstood = draft !== undefined && written !== undefined && written !== draft && written !== '' && !isLong;
  const props = {
    ...rest,
    value: text,
    spellCheck: false,
    autoComplete: 'off',
    description: isUnderstood ? `= ${written}` : description,
    error: written === undefined ? bad : error,
    onBlur: () => setDraft(undefined),
    onChange: ({ currentTarget }: { readonly currentTarget: { readonly value: string } }) => {
      setDraft(currentTarget.value);
      onChange(currentTarget.value.trim() === '' ? undefined : (read(currentTarget.value) ?? currentTarget.value));
    },
  };
  return isLong ? (
    <Textarea autosize minRows={2} maxRows={12} {...props} classNames={{ input: 'mono' }} />
  ) : (
    <TextInput {...props} />
  );
};

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[_/\s-]+/g, ' ')
    .trim();

/** A time zone by its name, found by any part of it: `new york`, `berlin`. */
export const ZoneInput = ({ value, onChange, ...rest }: InputProps) => {
  const zones = useMemo(() => [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])], []);
  return (
    <Autocomplete
      {...rest}
      data={zones}
      limit={40}
      spellCheck={false}
      autoComplete="off"
      value={rawText(value)}
      filter={({ options, search }) =>
        options.filter((option) => 'value' in option && plain(option.value).includes(plain(search)))
      }
      onChange={(text) => onChange(text === '' ? undefined : text)}
    />
  );
};

const twoDigits = (n: number): string => String(n).padStart(2, '0');
/** As the browser's own field for instants has it, in the viewer's zone. */
const localText = (at: string): string => {
  const date = new Date(at);
  const day = [date.getFullYear(), twoDigits(date.getMonth() + 1), twoDigits(date.getDate())].join('-');
  return `${day}T${[date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')}`;
};

/** An instant, written in the viewer's zone; below it in the job's and in UTC. What is no instant is shown as text. */
export const InstantInput = ({
  value,
  onChange,
  zone,
  description,
  ...rest
}: InputProps & { readonly zone: string | undefined }) => {
  const at = rawText(value);
  const isKnown = at === '' || !Number.isNaN(Date.parse(at));
  return (
    <TextInput
      {...rest}
      type={isKnown ? 'datetime-local' : 'text'}
      step={1}
      description={at !== '' && isKnown ? format.exact(at, zone) : description}
      value={isKnown && at !== '' ? localText(at) : at}
      onChange={({ currentTarget }) => {
        const ms = Date.parse(currentTarget.value);
        onChange(currentTarget.value === '' ? undefined : Number.isNaN(ms) ? currentTarget.value : new Date(ms).toISOString());
      }}
    />
  );
};

type Pair = { readonly name: string; readonly value: string };
const pairsOf = (value: unknown): readonly Pair[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).map(([name, each]) => ({ name, value: rawText(each) }))
    : [];
/** Lines of `NAME=value`, as of a .env file; undefined for another text. */
const pasted = (text: string): readonly Pair[] | undefined => {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.trim().startsWith('#'));
  const pairs = lines.map((line) => /^\s*(?:export\s+)?([A-Za-z_]\w*)=(.*)$/.exec(line));
  return pairs.length > 0 && pairs.every((each) => each !== null)
    ? pairs.map((each) => ({ name: each[1] ?? '', value: (each[2] ?? '').replace(/^(["'])(.*)\1$/, '$2') }))
    : undefined;
};

/** Names and values. A row without a name is not there yet; lines of `NAME=value` may be pasted into a name. */
export const PairsInput = ({ label, description, error, disabled, value, onChange }: InputProps) => {
  const [rows, setRows] = useState(pairsOf(value));
  const put = (next: readonly Pair[]): void => {
    setRows(next);
    const named = next.filter(({ name }) => name !== '');
    onChange(named.length === 0 ? undefined : Object.fromEntries(named.map((each) => [each.name, each.value])));
  };
  const change = (at: number, part: Partial<Pair>): void =>
    put(rows.map((row, index) => (index === at ? { ...row, ...part } : row)));
  const onPaste = (at: number) => (event: ClipboardEvent) => {
    const found = pasted(event.clipboardData.getData('text'));
    if (!found) return;
    event.preventDefault();
    put([...rows.slice(0, at), ...found, ...rows.slice(at + 1)]);
  };
  const names = rows.map(({ name }) => name);
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  return (
    <Input.Wrapper
      label={label}
      description={description}
      error={error ?? (twice && texts.sameNameTwice(twice))}
      labelElement="div"
    >
      <Stack gap={6} mt={6} role="group" aria-label={label}>
        {rows.map((row, index) => (
          <Group key={index} gap={6} wrap="nowrap">
            <TextInput
              flex={2}
              aria-label={`${label}: ${texts.rowName}`}
              placeholder={texts.rowName}
              classNames={{ input: 'mono' }}
              value={row.name}
              spellCheck={false}
              autoCapitalize="off"
              onPaste={onPaste(index)}
              onChange={({ currentTarget }) => change(index, { name: currentTarget.value })}
            />
            <TextInput
              flex={3}
              aria-label={`${label}: ${row.name === '' ? texts.rowValue : row.name}`}
              placeholder={texts.rowValue}
              classNames={{ input: 'mono' }}
              value={row.value}
              spellCheck={false}
              autoCapitalize="off"
              onChange={({ currentTarget }) => change(index, { value: currentTarget.value })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label={texts.removeRow(row.name)}
              onClick={() => put(rows.filter((_, each) => each !== index))}
            >
              ✕
            </ActionIcon>
          </Group>
        ))}
        <div>
          <Button
            size="compact-sm"
            variant="default"
            disabled={disabled}
            onClick={() => setRows([...rows, { name: '', value: '' }])}
          >
            {texts.addRow}
          </Button>
        </div>
      </Stack>
    </Input.Wrapper>
  );
};
