import { Link } from 'wouter';
import type { JobView } from '../../../src/domain/wire.ts';
import { format } from '../../src/format.ts';
import { texts } from '../../src/texts.ts';
import classes from './job-row.module.css';
import { Outcome } from '../outcome.tsx';
import { Distance, Growing, Until } from '../time.tsx';

type NextProps = { readonly view: JobView; readonly isOn: boolean; readonly zone: string | undefined };

/** When it runs next. */
export const Next = ({ view: { nextFireTime, broken }, isOn, zone }: NextProps) => (
  <span className={isOn && nextFireTime !== undefined ? classes['plainly'] : classes['faint']}>
    {broken !== undefined ? (
      ''
    ) : !isOn ? (
      texts.switchedOff
    ) : nextFireTime === undefined ? (
      texts.noNext
    ) : (
      <Until at={nextFireTime} zone={zone} />
    )}
  </span>
);

type LastProps = { readonly view: JobView; readonly zone: string | undefined };

/** What it does now, else what became of its last run. It stays the same link through all of them: a row that changes between the press and the release of a
 *  button would swallow the click. */
export const Last = ({ view, zone }: LastProps) => {
  const { id, outcome, more } = lastOf(view, zone);
  if (id === undefined && outcome === undefined) return <span className={classes['faint']}>{texts.never}</span>;
  return (
    <Link href={id === undefined ? `/jobs/${encodeURIComponent(view.job.name)}` : `/runs/${id}`} className={classes['run'] ?? ''}>
      {outcome}
      <span className={`figures ${classes['small'] ?? ''}`}>{more}</span>
    </Link>
  );
};

const lastOf = ({ running: [first], queued, lastRun }: JobView, zone: string | undefined) => {
  if (first)
    return {
      id: first.id,
      outcome: <Outcome state="running" />,
      more: <Growing since={first.startedAt ?? first.claimedAt ?? first.fireTime} zone={zone} />,
    };
  if (queued > 0) return { outcome: <Outcome state="queued" />, more: texts.waiting(queued) };
  if (!lastRun) return {};
  return {
    id: lastRun.id,
    outcome: <Outcome state="finished" outcome={lastRun.outcome} />,
    more: (
      <>
        {lastRun.durationMs !== undefined && `${format.length(lastRun.durationMs)} · `}
        <Distance at={lastRun.endedAt} zone={zone} />
      </>
    ),
  };
};
