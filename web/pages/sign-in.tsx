import { Alert, Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Wrong } from '../parts/states.tsx';
import { ApiError, ask } from '../src/api.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';

/** The way in, over whatever page was asked for: `onDone` shows it. */
export const SignIn = ({ onDone }: { readonly onDone: () => void }) => {
  const [location] = useLocation();
  const [token, setToken] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  useTitle(texts.signIn);
  const isUnknown = error instanceof ApiError && error.problem.code === 'badToken';
  return (
    <Center mih="100dvh" p="md">
      <Paper withBorder p="xl" w={440} maw="100%" component="main">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setBusy(true);
            ask('POST', '/login', { body: { token: token.trim() } })
              .then(onDone, setError)
              .finally(() => setBusy(false));
          }}
        >
          <Stack>
            <Title order={1} size="h3">
              {texts.product}
            </Title>
            {/* The master sends a link that it does not take to this page. */}
            {location === '/login' && error === undefined && <Alert color="yellow">{texts.linkUsed}</Alert>}
            <PasswordInput
              label={texts.token}
              value={token}
              autoFocus
              autoComplete="current-password"
              error={isUnknown ? texts.badToken : undefined}
              onChange={({ currentTarget }) => setToken(currentTarget.value)}
            />
            <Text size="xs" c="dimmed">
              {texts.tokenHint}
            </Text>
            {error !== undefined && !isUnknown && (
              <Alert color="red" role="alert">
                <Wrong error={error} />
              </Alert>
            )}
            <Button type="submit" loading={isBusy} disabled={token.trim() === ''}>
              {texts.signIn}
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
};
