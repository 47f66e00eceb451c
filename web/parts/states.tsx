import { Alert, Button, Code, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { ApiError } from '../src/api.ts';
import { texts } from '../src/texts.ts';

/** Where rows will be. */
export const Loading = ({ rows = 6 }: { readonly rows?: number }) => (
  <Paper withBorder p="md" aria-busy="true">
    <Stack gap="lg">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={36} />
      ))}
    </Stack>
  </Paper>
);

/** What went wrong, every place of it. */
export const Wrong = ({ error, except = [] }: { readonly error: unknown; readonly except?: readonly string[] }) => {
  const problems = error instanceof ApiError ? (error.problem.errors ?? []).filter(({ path }) => !except.includes(path)) : [];
  return (
    <>
      {(problems.length === 0 || except.length > 0) && (
        <Text size="sm" className="anywhere">
          {error instanceof Error ? error.message : String(error)}
        </Text>
      )}
      {problems.map(({ path, message }) => (
        <Text key={`${path} ${message}`} size="sm" className="anywhere">
          {path !== '' && <Code>{path}</Code>} {message}
        </Text>
      ))}
    </>
  );
};

/** Something could not be read: what, and the way to try again. */
export const Failed = ({ error, onAgain }: { readonly error: unknown; readonly onAgain?: (() => void) | undefined }) => (
  <Alert color="red" title={texts.failed} role="alert">
    <Wrong error={error} />
    {onAgain && (
      <Button mt="sm" size="xs" variant="light" color="red" onClick={onAgain}>
        {texts.tryAgain}
      </Button>
    )}
  </Alert>
);

/** Nothing here yet: why, and what to do. */
export const Empty = ({
  title,
  hint,
  children,
}: {
  readonly title: string;
  readonly hint?: string;
  readonly children?: ReactNode;
}) => (
  <Paper withBorder p="xl">
    <Stack align="center" gap="sm">
      <Title order={3} size="h4" ta="center" className="anywhere">
        {title}
      </Title>
      {hint !== undefined && (
        <Text size="sm" c="dimmed" ta="center">
          {hint}
        </Text>
      )}
      {children}
    </Stack>
  </Paper>
);

/** The last net: a page that breaks says so, and the frame around it stays. After a new version was installed a page's code may be gone: loading again gets the new one. */
export class Net extends Component<{ readonly children: ReactNode }, { readonly why: string | undefined }> {
  override state: { readonly why: string | undefined } = { why: undefined };
  static getDerivedStateFromError(error: unknown) {
    return { why: error instanceof Error ? error.message : 'not an error' };
  }
  override render() {
    if (this.state.why === undefined) return this.props.children;
    return (
      <Alert color="red" title={texts.broke} role="alert">
        <Text size="sm" className="anywhere">
          {this.state.why}
        </Text>
        <Button mt="sm" size="xs" variant="light" color="red" onClick={() => location.reload()}>
          {texts.reload}
        </Button>
      </Alert>
    );
  }
}
