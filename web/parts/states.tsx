import { Alert, Button, Code, Skeleton, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError } from '../src/api.ts';
import { texts } from '../src/texts.ts';

export const Loading = () => (
  <Stack aria-busy="true">
    {Array.from({ length: 6 }, (_, index) => (
      <Skeleton key={index} height={44} />
    ))}
  </Stack>
);

/** What went wrong, every place of it, and what to do. */
export const Failed = ({ error, onAgain }: { readonly error: unknown; readonly onAgain?: (() => void) | undefined }) => (
  <Alert color="red" title={texts.failed} role="alert">
    <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
    {error instanceof ApiError &&
      error.problem.errors?.map(({ path, message }) => (
        <Text key={`${path} ${message}`} size="sm">
          <Code>{path}</Code> {message}
        </Text>
      ))}
    {onAgain && (
      <Button mt="sm" size="xs" variant="light" color="red" onClick={onAgain}>
        {texts.tryAgain}
      </Button>
    )}
  </Alert>
);

export const Empty = ({ title, children }: { readonly title: string; readonly children?: ReactNode }) => (
  <Stack align="center" py="xl" gap="sm">
    <Text fw={600}>{title}</Text>
    {children}
  </Stack>
);
