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
      <span>{pathText(path)}</span>
      <del>{shown(before)}</del>
      <span aria-hidden="true">→</span>
      <ins>{shown(after)}</ins>
    </div>
  ));

const shown = (value: unknown): string =>
  value === undefined ? texts.fieldAbsent : typeof value === 'string' ? value : JSON.stringify(value);
