import { Anchor, AppShell, Badge, Button, Center, Container, Group, Loader, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { ask, signedOut } from './api.ts';
import { useNow } from './clock.ts';
import { formatLength } from './format.ts';
import { live } from './live.ts';
import { queryClient, useLink } from './query.ts';
import { texts } from './texts.ts';
import { SignIn } from '../pages/sign-in.tsx';

const Jobs = lazy(() => import('../pages/jobs.tsx'));
const Runs = lazy(() => import('../pages/runs.tsx'));
const Run = lazy(() => import('../pages/run.tsx'));
const Workers = lazy(() => import('../pages/workers.tsx'));

const PAGES = [
  ['/', texts.jobs],
  ['/runs', texts.runs],
  ['/workers', texts.workers],
] as const;

/** The frame of every page: who is looking, where one is, and whether the link lives. */
export const Shell = () => {
  const [isOut, setOut] = useState(false);
  const me = useQuery({ queryKey: ['me'], queryFn: () => ask<{ name?: string; role: string }>('GET', '/me'), retry: false });
  useEffect(() => {
    const onOut = (): void => {
      setOut(true);
    };
    signedOut.addEventListener('signedOut', onOut);
    return () => {
      signedOut.removeEventListener('signedOut', onOut);
    };
  }, []);
  if (isOut)
    return (
      <SignIn
        onDone={() => {
          setOut(false);
          void queryClient.invalidateQueries();
        }}
      />
    );
  if (!me.data)
    return (
      <Center h="100vh">
        <Loader />
      </Center>
    );
  return <SignedIn />;
};

const SignedIn = () => {
  const [location] = useLocation();
  useEffect(() => {
    live.start();
    return live.stop;
  }, []);
  return (
    <AppShell header={{ height: 52 }} padding="md">
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="md" wrap="nowrap">
            <Text fw={700} visibleFrom="xs">
              {texts.product}
            </Text>
            {PAGES.map(([path, name]) => (
              <Anchor
                key={path}
                component={Link}
                href={path}
                fw={location === path ? 700 : 400}
                {...(location === path ? {} : { c: 'dimmed' })}
              >
                {name}
              </Anchor>
            ))}
          </Group>
          <LinkBadge />
        </Group>
      </AppShell.Header>
      <AppShell.Main>
        <LinkBar />
        <Container size="xl" px={0}>
          <Suspense
            fallback={
              <Center mt="xl">
                <Loader />
              </Center>
            }
          >
            <Switch>
              <Route path="/" component={Jobs} />
              <Route path="/runs" component={Runs} />
              <Route path="/runs/:id">{({ id }) => <Run id={id} />}</Route>
              <Route path="/workers" component={Workers} />
              <Route>
                <Redirect to="/" />
              </Route>
            </Switch>
          </Suspense>
        </Container>
      </AppShell.Main>
    </AppShell>
  );
};

const LinkBadge = () => {
  const { isUp } = useLink();
  return (
    <Group gap="xs" wrap="nowrap">
      <Badge variant="light" color={isUp ? 'teal' : 'red'}>
        {isUp ? `● ${texts.linkUp}` : '○ …'}
      </Badge>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        onClick={() => {
          void ask('POST', '/logout', {}).finally(() => {
            signedOut.dispatchEvent(new Event('signedOut'));
          });
        }}
      >
        {texts.signOut}
      </Button>
    </Group>
  );
};

/** Only when the link has been lost for a moment: a page that has just opened has no link yet either. */
const LinkBar = () => {
  const { isUp, since } = useLink();
  const now = useNow();
  if (isUp || now - since < 2_000) return null;
  return (
    <Text role="status" bg="red.8" c="white" px="md" py={4} mb="md" style={{ borderRadius: 4 }}>
      {texts.linkDown(formatLength(now - since))}
    </Text>
  );
};
