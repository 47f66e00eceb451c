import { Anchor, Button, Text } from '@mantine/core';
import { memo } from 'react';
import { Link } from 'wouter';
import { withoutFormat } from '../../../src/domain/revision.ts';
import type { RevisionView } from '../../../src/domain/wire.ts';
import { ask, jobPath, type Page } from '../../src/api.ts';
import { texts } from '../../src/texts.ts';
import { useAsk } from '../frame/ask.tsx';
import { useTell } from '../frame/tell.tsx';
import { At } from '../time.tsx';
import classes from './audit-row.module.css';
import { Difference, kindOf } from './difference.tsx';

/** A sign beside the word: came, changed, went. */
const SIGNS = { created: '+', saved: '~', deleted: '−', cursorSet: '↷' } as const;
const signOf = ({ type, text }: RevisionView): string => SIGNS[type === 'saved' && text === 'created' ? 'created' : type];

type AuditRowProps = { readonly change: RevisionView; readonly onJob: ((job: string) => void) | undefined };

/** One change: of which job, by whom, when, and field by field what. */
export const AuditRow = memo(({ change, onJob }: AuditRowProps) => {
  const { id, name, at, by, type, text, changes } = change;
  return (
    <li className={classes['row']} data-change={id} data-of={name} data-kind={type}>
      <div className={classes['head']}>
        <Text size="sm" component="span" className="anywhere">
          <span aria-hidden="true">{signOf(change)} </span>
          <b>{kindOf(change)}</b>{' '}
          {type === 'deleted' ? (
            name
          ) : (
            <Anchor component={Link} href={`/jobs/${encodeURIComponent(name)}#history`} size="sm" underline="always">
              {name}
            </Anchor>
          )}{' '}
          {texts.changeBy(by)}
        </Text>
        {onJob && (
          <Button size="compact-xs" variant="subtle" aria-label={`${texts.auditOnlyJob}: ${name}`} onClick={() => onJob(name)}>
            {texts.auditOnlyJob}
          </Button>
        )}
        {type === 'deleted' && <BringBack name={name} />}
        <span className={classes['when']}>
          <At at={at} />
        </span>
      </div>
      {type === 'cursorSet' && <div className={`anywhere ${classes['first'] ?? ''}`}>{text}</div>}
      {text === 'created' && <div className={`anywhere ${classes['first'] ?? ''}`}>{briefly(change.job)}</div>}
      <Difference changes={changes} />
    </li>
  );
});
AuditRow.displayName = 'AuditRow';

/** What a new job was to do. */
const briefly = (job: unknown): string => {
  const { cronExpr, command } = (job ?? {}) as Record<string, unknown>;
  return [cronExpr, command].filter((each) => typeof each === 'string').join('  ·  ');
};

/** The last version of a deleted job is put again; where somebody has made another one of that name, that one stays. */
const BringBack = ({ name }: { readonly name: string }) => {
  const askFirst = useAsk();
  const tell = useTell();
  const bring = async (): Promise<void> => {
    const { items } = await ask<Page<RevisionView>>('GET', `${jobPath(name)}/revisions?limit=50`);
    const last = items.find(({ job }) => job !== undefined)?.job;
    if (last === undefined) throw new Error(texts.bringBackNone(name));
    await ask('PUT', jobPath(name), { body: withoutFormat(last), headers: { 'if-none-match': '*' } });
  };
  const press = (): void =>
    askFirst({
      title: texts.bringBackTitle(name),
      hint: texts.bringBackHint,
      yes: texts.bringBack,
      onYes: () => void bring().catch(tell),
    });
  return (
    <Button size="compact-xs" variant="default" onClick={press}>
      {texts.bringBack}
    </Button>
  );
};
