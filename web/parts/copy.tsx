import { Button, Code, Group, Menu } from '@mantine/core';
import { useEffect, useState } from 'react';
import { toClipboard } from '../src/clipboard.ts';
import { later } from '../src/clock.ts';
import { curlOf, type Action } from '../src/curl.ts';
import { useMe } from '../src/session.ts';
import { texts } from '../src/texts.ts';

const SHOWN_MS = 2_000;
type Told = 'copied' | 'notCopied' | undefined;

const useCopy = () => {
  const [told, setTold] = useState<Told>();
  useEffect(() => (told === undefined ? undefined : later(SHOWN_MS, () => setTold(undefined))), [told]);
  return {
    told: told && texts[told],
    copy: (text: string): void => void toClipboard(text).then((isThere) => setTold(isThere ? 'copied' : 'notCopied')),
  };
};

/** Puts a text on the clipboard. `what` says which, for who cannot see what stands beside it. */
export const Copy = ({
  text,
  what,
  label = texts.copy,
}: {
  /** As a function where making it costs something: it is made when it is asked for. */
  readonly text: string | (() => string);
  readonly what: string;
  readonly label?: string;
}) => {
  const { told, copy } = useCopy();
  return (
    <Button
      size="compact-xs"
      variant="subtle"
      color={told === undefined ? 'gray' : 'teal'}
      onClick={() => copy(typeof text === 'string' ? text : text())}
      aria-label={`${told ?? texts.copy}: ${what}`}
    >
      {told ?? label}
    </Button>
  );
};

/** The same in a menu. */
export const CopyItem = ({ text, label }: { readonly text: string; readonly label: string }) => {
  const { told, copy } = useCopy();
  return (
    <Menu.Item closeMenuOnClick={false} onClick={() => copy(text)}>
      {told ?? label}
    </Menu.Item>
  );
};

/** The command that asks this master for an action. */
export const useCurl = (): ((action: Action) => string) => {
  const asksToken = useMe().data?.noAuth !== true;
  return (action) => curlOf(action, { origin: location.origin, asksToken });
};

/** Copies an action as a curl command. */
export const CopyCurl = ({ action }: { readonly action: Action }) => (
  <Copy text={useCurl()(action)} what="curl" label={texts.asCurl} />
);

/** The same in a menu. */
export const CopyCurlItem = ({ action, label = texts.copyAsCurl }: { readonly action: Action; readonly label?: string }) => (
  <CopyItem text={useCurl()(action)} label={label} />
);

/** Something to type in a shell, to be taken along. */
export const Shown = ({ text, what }: { readonly text: string; readonly what: string }) => (
  <Group gap="xs" align="flex-start" wrap="nowrap" w="100%">
    <Code block flex={1} miw={0} style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
      {text}
    </Code>
    <Copy text={text} what={what} />
  </Group>
);
