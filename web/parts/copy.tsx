import { Button, Code, CopyButton, Group } from '@mantine/core';
import { texts } from '../src/texts.ts';

/** Puts a text on the clipboard. */
export const Copy = ({ text, what }: { readonly text: string; readonly what: string }) => (
  <CopyButton value={text} timeout={2_000}>
    {({ copied, copy }) => (
      <Button
        size="compact-xs"
        variant="subtle"
        color={copied ? 'teal' : 'gray'}
        onClick={copy}
        aria-label={`${texts.copy}: ${what}`}
      >
        {copied ? texts.copied : texts.copy}
      </Button>
    )}
  </CopyButton>
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
