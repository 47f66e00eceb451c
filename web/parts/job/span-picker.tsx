import { Group, SegmentedControl, Switch, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { now } from '../../src/clock.ts';
import { texts } from '../../src/texts.ts';
import type { Span } from '../../src/job/ticks.ts';

type PickerProps = {
  readonly span: Span;
  readonly isOnly: boolean;
  readonly onChange: (span: Span, isOnly: boolean) => void;
};

const MINUTE_MS = 60_000;

/** What of the timeline is looked at. */
export const SpanPicker = ({ span, isOnly, onChange }: PickerProps) => (
  <Group gap="sm">
    <SegmentedControl
      size="xs"
      aria-label={texts.range}
      value={typeof span === 'object' ? 'around' : span}
      data={[
        { value: 'day', label: texts.lastDay },
        { value: 'week', label: texts.lastWeek },
        { value: 'around', label: texts.aroundTime },
      ]}
      onChange={(value) =>
        onChange(
          value === 'around' ? { around: new Date(Math.floor(now() / MINUTE_MS) * MINUTE_MS).toISOString() } : value,
          isOnly,
        )
      }
    />
    {typeof span === 'object' && <Around at={span.around} onChange={(around) => onChange({ around }, isOnly)} />}
    <Switch
      size="xs"
      label={texts.onlyNotRun}
      checked={isOnly}
      onChange={({ currentTarget }) => onChange(span, currentTarget.checked)}
    />
  </Group>
);

/** `YYYY-MM-DDThh:mm`, by the viewer's clock: what the browser's own field reads and writes. */
const localText = (at: string): string => {
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16);
};

const Around = ({ at, onChange }: { readonly at: string; readonly onChange: (at: string) => void }) => {
  const shown = localText(at);
  const [text, setText] = useState(shown);
  // The address has changed by other means: the way back.
  useEffect(() => setText(shown), [shown]);
  const use = (): void => {
    const ms = new Date(text).getTime();
    if (!Number.isNaN(ms) && text !== shown) onChange(new Date(ms).toISOString());
  };
  return (
    <TextInput
      size="xs"
      type="datetime-local"
      aria-label={texts.around}
      value={text}
      onChange={({ currentTarget }) => setText(currentTarget.value)}
      onBlur={use}
      onKeyDown={({ key }) => {
        if (key === 'Enter') use();
      }}
    />
  );
};
