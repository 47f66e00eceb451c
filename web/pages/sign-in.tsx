import { Alert, Anchor, Button, Center, Group, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { Mark } from '../parts/mark.tsx';
import { Wrong } from '../parts/states.tsx';
import { ApiError, ask } from '../src/api.ts';
import { language, LANGUAGES, speak, type Language } from '../src/language.ts';
import { texts } from '../src/texts.ts';
import { useTitle } from '../src/title.ts';
import classes from './sign-in.module.css';

/** A token as it was meant: people copy what stands around it too. */
const tokenIn = (text: string): string => text.trim().replace(/^(authorization:\s*)?bearer\s+/i, '');

/** Where signing in leads, as one would call it; undefined for what has no name of its own. */
const goalOf = (path: string): string | undefined => {
  const [, room = '', one] = path.split('/');
  if (room === 'jobs' && one !== undefined && one !== 'new') return decoded(one);
  return { runs: texts.runs, workers: texts.workers }[room];
};
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The way in, over whatever page was asked for: `onDone` shows it. */
export const SignIn = ({ onDone }: { readonly onDone: () => void }) => {
  const [location, go] = useLocation();
  const [typed, setTyped] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const token = tokenIn(typed);
  const goal = goalOf(location);
  useTitle(texts.signIn);
  const isUnknown = error instanceof ApiError && error.problem.code === 'badToken';
  const signIn = (): void => {
    if (token === '') return;
    setBusy(true);
    ask('POST', '/login', { body: { token } })
      .then(() => {
        // The address of a link that was not taken is no page to come back to.
        if (location === '/login') go('/', { replace: true });
        onDone();
      }, setError)
      .finally(() => setBusy(false));
  };
  return (
    <Center mih="100dvh" p="md">
      <Stack w={460} maw="100%" gap="md" component="main">
        <Group gap={10} justify="center">
          <Mark size={36} />
          <Title order={1} size="h2">
            {texts.product}
          </Title>
        </Group>
        <Paper withBorder p="xl" shadow="sm">
          <form
            onSubmit={(event) => {
              event.preventDefault();
              signIn();
            }}
          >
            <Stack>
              {/* The master sends a link that it does not take to this page. */}
              {location === '/login' && error === undefined && <Alert color="yellow">{texts.linkUsed}</Alert>}
              <PasswordInput
                size="md"
                label={texts.token}
                value={typed}
                autoFocus
                autoComplete="current-password"
                spellCheck={false}
                error={isUnknown ? texts.badToken : undefined}
                visibilityToggleButtonProps={{ 'aria-label': texts.showToken, tabIndex: 0 }}
                onChange={({ currentTarget }) => {
                  setTyped(currentTarget.value);
                  if (isUnknown) setError(undefined);
                }}
              />
              {error !== undefined && !isUnknown && (
                <Alert color="red" role="alert">
                  <Wrong error={error} />
                </Alert>
              )}
              <Button type="submit" size="md" loading={isBusy} disabled={token === ''}>
                {texts.signIn}
              </Button>
              {goal !== undefined && (
                <Text size="sm" c="dimmed" ta="center" className="anywhere">
                  {texts.thenOnTo(goal)}
                </Text>
              )}
            </Stack>
          </form>
        </Paper>
        <section aria-labelledby="where">
          <Text id="where" size="sm" fw={600} component="h2" m={0}>
            {texts.whereToken}
          </Text>
          <ul className={classes['where']}>
            <li>{texts.tokenByLink}</li>
            <li>{texts.tokenShownOnce}</li>
            <li>{texts.tokenByOthers}</li>
          </ul>
        </section>
        <Languages />
      </Stack>
    </Center>
  );
};

const Languages = () => (
  <Group justify="center" gap="md" role="group" aria-label={texts.language}>
    {(Object.entries(LANGUAGES) as [Language, string][]).map(([each, name]) =>
      each === language ? (
        <Text key={each} size="sm" c="dimmed" component="span" lang={each} aria-current="true">
          {name}
        </Text>
      ) : (
        <Anchor
          key={each}
          component="button"
          type="button"
          size="sm"
          c="inherit"
          underline="always"
          lang={each}
          onClick={() => speak(each)}
        >
          {name}
        </Anchor>
      ),
    )}
  </Group>
);
