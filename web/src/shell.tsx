import { Container, Skeleton, Stack } from '@mantine/core';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Redirect, Route, Switch } from 'wouter';
import { SignIn } from '../pages/sign-in.tsx';
import { EditorAt, EditorProvider } from '../parts/editor/editor-provider.tsx';
import { Header } from '../parts/frame/header.tsx';
import { LinkBar } from '../parts/frame/link-bar.tsx';
import { Failed, Loading, Net } from '../parts/states.tsx';
import { ApiError, signedOut } from './api.ts';
import { useKeptLink } from './live/link.ts';
import { useHeadingFocus } from './keys/use-heading-focus.ts';
import { queryClient } from './query.ts';
import { SignedIn, useMe } from './session.ts';

const Jobs = lazy(() => import('../pages/jobs.tsx'));
const Job = lazy(() => import('../pages/job.tsx'));
const Runs = lazy(() => import('../pages/runs.tsx'));
const Run = lazy(() => import('../pages/run.tsx'));
const Import = lazy(() => import('../pages/import.tsx'));
const Audit = lazy(() => import('../pages/audit.tsx'));
const Overview = lazy(() => import('../pages/overview.tsx'));
const Workers = lazy(() => import('../pages/workers.tsx'));

/** Who is looking decides what is shown: the pages, or the way in. Signing in comes back to the page where one was. */
export const Shell = () => {
  const [isOut, setOut] = useState(false);
  const me = useMe();
  useEffect(() => {
    const onOut = (): void => setOut(true);
    signedOut.addEventListener('signedOut', onOut);
    return () => signedOut.removeEventListener('signedOut', onOut);
  }, []);
  if (isOut || (me.error instanceof ApiError && me.error.problem.status === 401))
    return (
      <SignIn
        onDone={() => {
          // What the one before was shown is not for the next.
          queryClient.clear();
          setOut(false);
        }}
      />
    );
  if (me.data)
    return (
      <SignedIn value={me.data}>
        <Pages />
      </SignedIn>
    );
  return (
    <Container size="xl" py="md">
      {me.error ? (
        <Failed error={me.error} onAgain={() => void me.refetch()} />
      ) : (
        <Stack>
          <Skeleton height={32} />
          <Loading />
        </Stack>
      )}
    </Container>
  );
};

const Pages = () => {
  useKeptLink();
  useHeadingFocus();
  return (
    <EditorProvider>
      <Header />
      <Container size="xl" component="main" px={{ base: 'xs', sm: 'md' }} pt="md" pb={64}>
        <Switch>
          <Route path="/">
            <Page>
              <Jobs />
            </Page>
          </Route>
          <Route path="/new-job">
            <Page>
              <Jobs />
              <EditorAt />
            </Page>
          </Route>
          <Route path="/jobs/:name/edit">
            {({ name }) => (
              <Page>
                <Jobs />
                <EditorAt key={name} name={name} />
              </Page>
            )}
          </Route>
          <Route path="/jobs/:name">
            {({ name }) => (
              <Page>
                <Job key={name} name={name} />
              </Page>
            )}
          </Route>
          <Route path="/overview">
            <Page>
              <Overview />
            </Page>
          </Route>
          <Route path="/runs">
            <Page>
              <Runs />
            </Page>
          </Route>
          <Route path="/runs/:id">
            {({ id }) => (
              <Page>
                <Run key={id} id={id} />
              </Page>
            )}
          </Route>
          <Route path="/import">
            <Page>
              <Import />
            </Page>
          </Route>
          <Route path="/audit">
            <Page>
              <Audit />
            </Page>
          </Route>
          <Route path="/workers">
            <Page>
              <Workers />
            </Page>
          </Route>
          <Route>
            <Redirect to="/" replace />
          </Route>
        </Switch>
      </Container>
      <LinkBar />
    </EditorProvider>
  );
};

const Page = ({ children }: { readonly children: React.ReactNode }) => (
  <Net>
    <Suspense fallback={<Loading />}>{children}</Suspense>
  </Net>
);
