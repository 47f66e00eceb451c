import { Badge, Paper, Text } from '@mantine/core';
import type { ImportItem } from '../../../src/domain/crontab/answer.ts';
import { format } from '../../src/format.ts';
import { texts } from '../../src/texts.ts';
import classes from './import-lines.module.css';

/** Sign and colour, never colour alone. */
const LOOKS = {
  created: ['+', 'teal'],
  changed: ['~', 'blue'],
  unchanged: ['=', 'gray'],
  removed: ['−', 'orange'],
  refused: ['✕', 'red'],
  noted: ['i', 'gray'],
} as const satisfies Record<ImportItem['action'], readonly [sign: string, color: string]>;

const SHOWN = 500;

/** What becomes of each line: its number, its text, the job, and why. */
export const ImportLines = ({ items, text }: { readonly items: readonly ImportItem[]; readonly text: string }) => {
  const lines = text.split('\n');
  return (
    <Paper withBorder component="ol" className={classes.list}>
      {items.slice(0, SHOWN).map((item, index) => (
        <li key={index} className={classes.row} data-action={item.action}>
          <Text
            size="xs"
            c="dimmed"
            ta="right"
            className="figures"
            {...(item.line !== undefined && { 'aria-label': texts.importLine(String(item.line)) })}
          >
            {item.line}
          </Text>
          <ImportAction action={item.action} />
          <div className="anywhere">
            {item.name !== undefined && (
              <Text size="sm" fw={600}>
                {item.name}
              </Text>
            )}
            {item.line !== undefined && (
              <Text size="xs" className="mono" lineClamp={2}>
                {lines[item.line - 1]?.slice(0, 400)}
              </Text>
            )}
            {item.reason !== undefined && (
              <Text size="xs" {...(item.action === 'refused' ? { c: 'red' } : { c: 'dimmed' })}>
                {item.reason}
              </Text>
            )}
            {item.warnings?.map((warning) => (
              <Text key={warning} size="xs">
                <span aria-hidden="true">⚠ </span>
                {warning}
              </Text>
            ))}
          </div>
        </li>
      ))}
      {items.length > SHOWN && (
        <li className={classes.row}>
          <Text size="sm" c="dimmed">
            {texts.importRest(format.number(items.length - SHOWN))}
          </Text>
        </li>
      )}
    </Paper>
  );
};

/** What becomes of a line, by word and sign; with a count where it stands for many. */
export const ImportAction = ({ action, count }: { readonly action: ImportItem['action']; readonly count?: number }) => {
  const [sign, color] = LOOKS[action];
  const word = texts.importActions[action];
  return (
    <Badge
      variant="light"
      color={color}
      leftSection={<span aria-hidden="true">{sign}</span>}
      styles={{ root: { textTransform: 'none', flexShrink: 0 }, label: { fontWeight: 600 } }}
    >
      {count === undefined ? word : texts.importCount(word, count)}
    </Badge>
  );
};
