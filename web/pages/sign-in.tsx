import { Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { ask } from '../src/api.ts';
import { texts } from '../src/texts.ts';
import { Failed } from '../parts/states.tsx';

export const SignIn = ({ onDone }: { readonly onDone: () => void }) => {
  const [token, setToken] = useState('');
  const [error, setError] = useState<unknown>();
  return (
    <Center mih="100vh" p="md">
      <Paper withBorder p="xl" w={420} maw="100%">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            ask('POST', '/login', { token: token.trim() }).then(onDone, setError);
          }}
        >
          <Stack>
            <Title order={3}>{texts.product}</Title>
            <PasswordInput
              label={texts.token}
              value={token}
              autoFocus
              onChange={(event) => {
                setToken(event.currentTarget.value);
              }}
            />
            <Text size="xs" c="dimmed">
              {texts.tokenHint}
            </Text>
            {error !== undefined && <Failed error={error} />}
            <Button type="submit" disabled={token.trim() === ''}>
              {texts.signIn}
            </Button>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
};
