import { pathText } from '../../../src/domain/changes.ts';
import type { RevisionView } from '../../../src/domain/wire.ts';
import { texts } from '../../src/texts.ts';
import classes from './difference.module.css';

/** What a change of a job was: created, changed, saved as it was, deleted. */
export const kindOf = ({ type, text, changes }: RevisionView): string => {
  if (type !== 'saved') return texts.changed[type];
  return changes.length > 0 ? texts.changed.saved : text === 'created' ? texts.changed.created : texts.changed.same;
};

/** Field by field what it was and what it became. */
export const Difference = ({ changes }: { readonly changes: RevisionView['changes'] }) =>
  changes.map(({ path, before, after }) => (
    <div key={path} className={`anywhere ${classes['change'] ?? ''}`} data-path={path}>
      <span>{pathText(path)}</span> {before === undefined ? <Absent /> : <del>{shown(before)}</del>}{' '}
      <span aria-hidden="true">→</span> {after === undefined ? <Absent /> : <ins>{shown(after)}</ins>}
    </div>
  ));

/** Not struck out or underlined: nobody wrote it. */
const Absent = () => <span className={classes['absent']}>{texts.fieldAbsent}</span>;

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
