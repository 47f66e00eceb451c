import { Button } from '@mantine/core';
import { useState } from 'react';
import { keep, kept } from '../../src/kept.ts';
import { useKeys } from '../../src/keys/use-keys.ts';

/** A choice of how output is shown, kept in this browser; with its button and its key. */
export const useSwitch = (name: string, usually: boolean) => {
  const key = `cronstream.output.${name}`;
  const [isOn, setOn] = useState(() => (kept(key) ?? String(usually)) === 'true');
  const turn = (): void => {
    setOn(!isOn);
    keep(key, String(!isOn));
  };
  return { isOn, turn };
};

type SwitchProps = {
  readonly by: ReturnType<typeof useSwitch>;
  readonly name: string;
  readonly keyName: string;
};

export const SwitchButton = ({ by: { isOn, turn }, name, keyName }: SwitchProps) => {
  useKeys([{ key: keyName, name, act: turn }]);
  return (
    <Button
      size="compact-xs"
      variant={isOn ? 'light' : 'subtle'}
      color={isOn ? 'teal' : 'gray'}
      aria-pressed={isOn}
      onClick={turn}
    >
      {isOn ? '✓ ' : ''}
      {name}
    </Button>
  );
};
