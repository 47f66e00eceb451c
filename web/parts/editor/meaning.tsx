import { Text, UnstyledButton } from '@mantine/core';
import type { FieldProblem } from '../../../src/domain/problem.ts';
import { format } from '../../src/format.ts';
import type { Explained } from '../../src/editor/use-explained.ts';
import { texts } from '../../src/texts.ts';
import classes from './editor.module.css';
import { Distance } from '../time.tsx';

type MeaningProps = {
  readonly explained: Explained | undefined;
  readonly zone: string;
  /** A job that is switched off has fire times and does not run at them. */
  readonly isOff: boolean;
};

/** A schedule in words, when it fires next in the job's zone and in the viewer's, and what may surprise. */
export const Meaning = ({ explained, zone, isOff }: MeaningProps) => (
  <div className={classes.meaning} aria-live="polite" role="status" aria-label={texts.meaning} style={{ minHeight: 132 }}>
    {explained && (
      <>
        <Text fw={600} className="anywhere">
          {explained.description}
        </Text>
        {explained.fires.length > 0 && <Fires fires={explained.fires} zone={zone} />}
        {[...(isOff ? [texts.isOff] : []), ...explained.warnings].map((text) => (
          <Text key={text} size="sm" mt={6} className="anywhere">
            <span aria-hidden="true">⚠ </span>
            {text}
          </Text>
        ))}
      </>
    )}
  </div>
);

const Fires = ({ fires, zone }: { readonly fires: Explained['fires']; readonly zone: string }) => {
  const rows = fires.map(({ at, note }) => ({ at, note, yours: format.fire(at), theirs: format.fire(at, zone) }));
  const isOne = rows.every(({ yours, theirs }) => theirs === undefined || yours === theirs);
  return (
    <table className={classes.fires} style={{ marginTop: 10 }} aria-label={texts.nextFires}>
      <thead>
        <tr>
          <th scope="col">{texts.inZone(zone)}</th>
          {!isOne && <th scope="col">{texts.inYours(format.zone)}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ at, note, yours, theirs }, index) => (
          <tr key={at}>
            <td>
              <time dateTime={at} title={format.exact(at, zone)}>
                {theirs ?? yours}
              </time>
              {isOne && index === 0 && (
                <Text span size="xs" c="dimmed">
                  {' · '}
                  <Distance at={at} zone={zone} />
                </Text>
              )}
              {note !== undefined && (
                <Text size="xs" className="anywhere" style={{ whiteSpace: 'normal' }}>
                  ⚠ {note}
                </Text>
              )}
            </td>
            {!isOne && (
              <td>
                <time dateTime={at}>{yours}</time>
                {index === 0 && (
                  <Text size="xs" c="dimmed">
                    <Distance at={at} zone={zone} />
                  </Text>
                )}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
};

type PlacesProps = {
  readonly text: string;
  readonly problems: readonly FieldProblem[];
  /** From the place on, to the end of the word that stands there. */
  readonly onGo: (start: number, end: number) => void;
};

/** What is wrong with a text, each under the very place in its line. A click puts the caret there. */
export const Places = ({ text, problems, onGo }: PlacesProps) => {
  const lines = text.split('\n');
  return (
    <>
      {problems.map(({ line = 1, column = 1, message }) => {
        const at = lines[line - 1] ?? '';
        const length = Math.max(1, /^\S*/.exec(at.slice(column - 1))?.[0].length ?? 1);
        const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
        return (
          <UnstyledButton
            key={`${String(line)} ${String(column)} ${message}`}
            className={classes.place}
            mt={6}
            title={texts.goToPlace}
            data-place={`${String(line)}:${String(column)}`}
            onClick={() => onGo(start, start + length)}
          >
            <pre aria-hidden="true">
              {`${at}\n${' '.repeat(column - 1)}`}
              <b>{'^'.repeat(length)}</b>
            </pre>
            <Text size="sm" className="anywhere">
              <span aria-hidden="true">✕ </span>
              {message}
            </Text>
          </UnstyledButton>
        );
      })}
    </>
  );
};
