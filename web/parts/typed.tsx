import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import { texts } from '../src/texts.ts';
import classes from './list-bar.module.css';

const TYPING_MS = 200;

type TypedProps = {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly size: 'xs' | 'sm';
  readonly type: 'search' | 'text';
  readonly hasKey?: boolean;
  /** Told at every stroke. */
  readonly onType?: (text: string) => void;
  readonly list?: string;
  /** It takes the room that is there, beside what else is in its line. */
  readonly isWide?: boolean;
};

/** A text that is asked for when one stops typing; Escape empties it, and then leaves it. */
export const Typed = ({ label, value, onValue, hasKey = false, isWide = false, onType, ...rest }: TypedProps) => {
  const [typed, setTyped] = useState(value);
  const written = useRef(value);
  const write = useDebouncedCallback((text: string) => {
    written.current = text.trim();
    onValue(written.current);
  }, TYPING_MS);
  // The address has changed by other means: a link, the way back.
  useEffect(() => {
    if (value === written.current) return;
    written.current = value;
    setTyped(value);
  }, [value]);
  const type = (text: string): void => {
    setTyped(text);
    onType?.(text);
    write(text);
  };
  return (
    <TextInput
      {...rest}
      {...(isWide ? { flex: 1, miw: 0 } : { className: classes['choice'] ?? '' })}
      placeholder={label}
      aria-label={label}
      value={typed}
      onChange={({ currentTarget }) => type(currentTarget.value)}
      onKeyDown={({ key, currentTarget }) => {
        if (key !== 'Escape') return;
        if (typed === '') currentTarget.blur();
        else type('');
      }}
      rightSection={
        typed !== '' ? (
          <CloseButton size="xs" aria-label={`${texts.clearSearch}: ${label}`} onClick={() => type('')} />
        ) : hasKey ? (
          <kbd className={classes['key']} aria-hidden="true">
            /
          </kbd>
        ) : undefined
      }
    />
  );
};
