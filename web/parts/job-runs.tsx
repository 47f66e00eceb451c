import { Anchor, Badge, Text } from '@mantine/core';
import { useMemo } from 'react';
import { Link } from 'wouter';
import type { RunView } from '../../src/domain/wire.ts';
import { format } from '../src/format.ts';
import { runsOf } from '../src/kinds.ts';
import { texts, triggerTexts } from '../src/texts.ts';
import { useHeld } from '../src/use-held.ts';
import { useLiveList } from '../src/use-live-list.ts';
import { Bars } from './bars.tsx';
import { RunHeads, RunRow } from './run-row.tsx';
import { Section } from './section.tsx';
import { Failed, Loading } from './states.tsx';
import { At, Growing } from './time.tsx';
import classes from './job-runs.module.css';

/** For the bars; of the rows so many are shown. */
const ASKED = '60';
const ROWS = 10;

/** The runs of a job, live: what waits, the last ones as bars, and the newest as rows. */
export const JobRuns = ({ name, zone }: { readonly name: string; readonly zone: string | undefined }) => {
  const kind = useMemo(() => runsOf(name), [name]);
  const { rows, error, again } = useLiveList(kind, '/runs', { limit: ASKED, job: name });
  const all = rows ?? [];
  const begun = all.filter(({ state }) => state !== 'queued');
  const { shown, waiting, hold } = useHeld(begun.slice(0, ROWS), ({ id }) => id);
  if (error) return <Failed error={error} onAgain={again} />;
  if (!rows) return <Loading rows={5} />;
  const link = (
    <Anchor component={Link} href={`/runs?job=${encodeURIComponent(name)}`} size="sm">
      {texts.allOfIts}
    </Anchor>
  );
  return (
    <>
      <Waiting runs={all.filter(({ state }) => state === 'queued')} zone={zone} />
      <Section title={texts.lastRunsTitle} aside={link} isFlush>
        <div style={{ padding: '4px 16px 10px' }}>
          {begun.length === 0 ? (
            <Text size="sm" c="dimmed">
              {texts.noBars}
            </Text>
          ) : (
            <Bars runs={begun} zone={zone} />
          )}
        </div>
        {begun.length > 0 && (
          <div {...hold} className={classes['rows']}>
            <RunHeads />
            {shown.map((run) => (
              <RunRow key={run.id} run={run} />
            ))}
            {waiting > 0 && (
              <Badge className={classes['new'] ?? ''} variant="filled" styles={{ root: { textTransform: 'none' } }}>
                {texts.newOnes(format.number(waiting))}
              </Badge>
            )}
          </div>
        )}
      </Section>
    </>
  );
};

/** What was decided and has not started: with what waits for a worker one sees why nothing happens. */
const Waiting = ({ runs, zone }: { readonly runs: readonly RunView[]; readonly zone: string | undefined }) =>
  runs.length === 0 ? null : (
    <Section title={`${texts.waitingRuns} (${format.number(runs.length)})`}>
      <Text size="xs" c="dimmed" mb={4}>
        {texts.waitingHint}
      </Text>
      <ul className={classes['waiting']}>
        {runs.map((run) => (
          <li key={run.id} data-waiting={run.id}>
            <Link href={`/runs/${run.id}`}>{triggerTexts[run.trigger]}</Link>{' '}
            <Text size="sm" c="dimmed" component="span">
              <At at={run.fireTime} zone={zone} />
              {run.by !== undefined && ` · ${run.by}`}
              {run.workerName !== undefined && ` · ${texts.onWorker(run.workerName)}`}
              {' · '}
              <Growing since={run.fireTime} zone={zone} />
            </Text>
          </li>
        ))}
      </ul>
    </Section>
  );
