import { Alert, Anchor, Text } from '@mantine/core';
import type { PlacementView } from '../../../src/domain/wire.ts';
import { format } from '../../src/format.ts';
import { texts } from '../../src/texts.ts';
import { usePlacement } from '../../src/job/use-placement.ts';
import classes from './placement.module.css';
import { Section } from '../section.tsx';
import { Failed } from '../states.tsx';

/** The list of the workers on the page, for the link to it. */
const LIST = 'where-it-may-run';

/** Who is full takes it later, and who has just started knows it in a moment. */
const isNobody = (placed: readonly PlacementView[]): boolean =>
  !placed.some(({ matches, reason }) => matches || reason === 'full' || reason === 'unsynced');

/** At the top of the page, where nobody may run the job: on a phone the list of the workers is far below. */
export const NoWorker = ({ name, revision }: { readonly name: string; readonly revision: string }) => {
  const { placed } = usePlacement(name, revision);
  if (!placed || !isNobody(placed)) return null;
  return (
    <Alert color="red" variant="light" py="xs" role="alert" icon={<span aria-hidden="true">!</span>} data-warning="noWorker">
      {texts.noWorkerHint}{' '}
      <Anchor
        component="button"
        type="button"
        size="sm"
        onClick={() => document.getElementById(LIST)?.scrollIntoView({ block: 'center' })}
      >
        {texts.placementSee}
      </Anchor>
    </Alert>
  );
};

/** Which workers would take the job now, and why not the others. Not there where the master cannot say. */
export const Placement = ({ name, revision }: { readonly name: string; readonly revision: string }) => {
  const { placed, error, again } = usePlacement(name, revision);
  if (error) return <Failed error={error} onAgain={again} />;
  if (!placed) return null;
  return (
    <Section title={texts.whereItMayRun}>
      {isNobody(placed) && (
        <Alert color="red" variant="light" mb="xs" icon={<span aria-hidden="true">!</span>}>
          {texts.placementNone}
        </Alert>
      )}
      <ul id={LIST} className={classes['workers']}>
        {placed.map(({ id, name: worker, matches, slots, running, ...each }) => (
          <li key={id} className={classes['worker']} data-placed={worker} data-matches={matches}>
            <Text component="span" size="sm" {...(matches ? { c: 'teal' } : { c: 'dimmed' })} aria-hidden="true">
              {matches ? '✓' : '–'}
            </Text>
            <span className="anywhere">
              <b>{worker}</b>
              <Text size="xs" c="dimmed" component="span" display="block">
                {matches ? texts.matches : whyNot(each)}
              </Text>
            </span>
            <Text size="xs" c="dimmed" component="span" className="figures">
              {texts.slotsShort(format.number(running), format.number(slots))}
            </Text>
          </li>
        ))}
      </ul>
    </Section>
  );
};

const whyNot = ({ reason, missing = [] }: Pick<PlacementView, 'reason' | 'missing'>): string => {
  if (reason === 'labels' && missing.length > 0) return texts.lacksLabels(missing.join(', '));
  return reason === undefined ? '' : texts.placedNot[reason];
};
