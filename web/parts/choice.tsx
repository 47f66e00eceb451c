import { NativeSelect } from '@mantine/core';
import classes from './list-bar.module.css';

type ChoiceProps = {
  readonly label: string;
  readonly value: string;
  /** The value that narrows nothing. */
  readonly usual?: string;
  readonly onChange: (value: string) => void;
  readonly choices: readonly (readonly [value: string, name: string])[];
};

/** A choice in the bar above a list. One that narrows the list is seen to do so. */
export const Choice = ({ label, value, usual = '', onChange, choices }: ChoiceProps) => (
  <NativeSelect
    size="xs"
    className={classes['choice'] ?? ''}
    aria-label={label}
    value={value}
    onChange={({ currentTarget }) => onChange(currentTarget.value)}
    data={choices.map(([each, name]) => ({ value: each, label: name }))}
    {...(value !== usual && { 'data-chosen': true })}
  />
);
