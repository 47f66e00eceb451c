import { Textarea } from '@mantine/core';
import { texts } from '../../src/texts.ts';

type JsonProps = { readonly json: string; readonly problem: string | undefined; readonly onChange: (json: string) => void };

/** The whole job as text. */
export const JobJson = ({ json, problem, onChange }: JsonProps) => (
  <Textarea
    label={texts.json}
    autosize
    minRows={12}
    maxRows={30}
    spellCheck={false}
    data-autofocus
    styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
    value={json}
    error={problem}
    onChange={({ currentTarget }) => onChange(currentTarget.value)}
  />
);
