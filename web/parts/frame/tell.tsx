import { Affix, Notification, Stack } from '@mantine/core';
import { createContext, useCallback, useContext, useState, type ReactNode } from 'react';
import { later } from '../../src/clock.ts';
import { texts } from '../../src/texts.ts';
import { Wrong } from '../states.tsx';

type Told = { readonly id: number; readonly error: unknown };

const SHOWN_MS = 12_000;
const MOST = 3;

/** Something that was done, and that will not come to what was meant. */
export class Warned extends Error {
  override readonly name = 'Warned';
}

const Tell = createContext<(error: unknown) => void>(() => undefined);

/** Says what went wrong with something that was asked for by a button, wherever on the page that is. */
export const useTell = (): ((error: unknown) => void) => useContext(Tell);

let lastId = 0;

export const TellProvider = ({ children }: { readonly children: ReactNode }) => {
  const [told, setTold] = useState<readonly Told[]>([]);
  const forget = (id: number): void => setTold((all) => all.filter((each) => each.id !== id));
  const tell = useCallback((error: unknown) => {
    const id = ++lastId;
    setTold((all) => [...all.slice(1 - MOST), { id, error }]);
    later(SHOWN_MS, () => forget(id));
  }, []);
  return (
    <Tell value={tell}>
      {children}
      <Affix position={{ bottom: 76, right: 16 }} maw="calc(100vw - 32px)" w={420}>
        <Stack gap="xs" role="alert">
          {told.map(({ id, error }) => (
            <Notification
              key={id}
              {...(error instanceof Warned
                ? { color: 'yellow', title: texts.noWorkerQueued }
                : { color: 'red', title: texts.failed })}
              withBorder
              onClose={() => forget(id)}
              closeButtonProps={{ 'aria-label': texts.close }}
            >
              {error instanceof Warned ? error.message : <Wrong error={error} />}
            </Notification>
          ))}
        </Stack>
      </Affix>
    </Tell>
  );
};
