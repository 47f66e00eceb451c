import { useLocation } from 'wouter';
import type { JobView } from '../../../src/domain/wire.ts';
import { useAsk } from '../../parts/frame/ask.tsx';
import { useTell } from '../../parts/frame/tell.tsx';
import { ask, jobPath } from '../api.ts';
import { texts } from '../texts.ts';
import { runNow } from './run-now.ts';

/** What can be asked of a job. Kill and delete ask once and name it; what goes wrong is told. */
export const useJobActs = ({ job: { name } }: Pick<JobView, 'job'>) => {
  const path = jobPath(name);
  const tell = useTell();
  const askFirst = useAsk();
  const [, go] = useLocation();
  return {
    run: (): void => void runNow(name, tell),
    switchTo: (enabled: boolean): void => void ask('PATCH', path, { body: { enabled } }).catch(tell),
    kill: (): void =>
      askFirst({
        title: texts.killTitle(name),
        hint: texts.killHint,
        yes: texts.kill,
        onYes: () => void ask('POST', `${path}/kill`).catch(tell),
      }),
    /** Goes to all jobs once it is gone. */
    remove: (): void =>
      askFirst({
        title: texts.deleteTitle(name),
        hint: texts.deleteHint,
        yes: texts.remove,
        onYes: () => void ask('DELETE', path).then(() => go('/'), tell),
      }),
  };
};
