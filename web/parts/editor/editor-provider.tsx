import { createContext, lazy, Suspense, useContext, useMemo, useState, type ReactNode } from 'react';
import { useLocation } from 'wouter';
import type { JobView } from '../../../src/domain/wire.ts';
import type { Fields } from '../../src/editor/job-fields.ts';

const Editor = lazy(() => import('./editor.tsx'));

type Opened = { readonly view?: JobView; readonly name?: string; readonly start?: Fields };

type OpenEditor = {
  /** An empty job, or one that begins as `start` (a copy of another). */
  readonly create: (start?: Fields) => void;
  /** A job that is there: its view where the page has one (shown at once), else its name. */
  readonly edit: (job: JobView | string) => void;
};

const Open = createContext<OpenEditor>({ create: () => undefined, edit: () => undefined });

/** Opens the editor above the page that one is on; the page stays as it is below. The addresses `/new-job` and `/jobs/:name/edit` open it too. */
export const useEditor = (): OpenEditor => useContext(Open);

export const EditorProvider = ({ children }: { readonly children: ReactNode }) => {
  const [opened, setOpened] = useState<Opened>();
  const open = useMemo<OpenEditor>(
    () => ({
      create: (start) => setOpened(start ? { start } : {}),
      edit: (job) => setOpened(typeof job === 'string' ? { name: job } : { view: job }),
    }),
    [],
  );
  return (
    <Open value={open}>
      {children}
      {opened && (
        <Suspense fallback={null}>
          <Editor {...opened} onClose={() => setOpened(undefined)} />
        </Suspense>
      )}
    </Open>
  );
};

/** The editor at an address of its own. Without `name`: a new job. It is left to the job, or to the list. */
export const EditorAt = ({ name }: { readonly name?: string }) => {
  const [, go] = useLocation();
  return (
    <Suspense fallback={null}>
      <Editor
        {...(name === undefined ? {} : { name })}
        onClose={(saved) => {
          const job = saved ?? name;
          go(job === undefined ? '/' : `/jobs/${encodeURIComponent(job)}`, { replace: true });
        }}
      />
    </Suspense>
  );
};
