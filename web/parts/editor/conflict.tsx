import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { JobView } from '../../../src/domain/wire.ts';
import { clashes, differenceOfTexts, type Clash, type Piece } from '../../src/editor/difference.ts';
import { fieldsOf, setAt, type Fields } from '../../src/editor/job-fields.ts';
import { nameOf, valueText } from '../../src/editor/job-words.ts';
import { texts } from '../../src/texts.ts';
import classes from './editor.module.css';

type Side = 'mine' | 'theirs';

type ConflictProps = {
  /** What both began from. */
  readonly base: Fields;
  readonly mine: Fields;
  readonly theirs: JobView;
  readonly isBusy: boolean;
  readonly onTakeTheirs: () => void;
  readonly onSave: (job: Fields) => void;
};

/** Somebody else saved the job meanwhile: both sides of each field that differs, and the way on. At first each field stays as who changed it has it. */
export const Conflict = ({ base, mine, theirs, isBusy, onTakeTheirs, onSave }: ConflictProps) => {
  // The format's own number is the master's to write.
  const all = clashes(base, mine, fieldsOf(theirs)).filter(({ path }) => path !== '/v');
  const [chosen, setChosen] = useState<ReadonlyMap<string, Side>>(new Map());
  const sideOf = ({ path, by }: Clash): Side => chosen.get(path) ?? (by === 'theirs' ? 'theirs' : 'mine');
  const mixed = all.reduce((job, clash) => (sideOf(clash) === 'theirs' ? setAt(job, clash.path, clash.theirs) : job), mine);
  return (
    <Stack gap="md" data-conflict>
      <Alert
        color="yellow"
        variant="outline"
        role="alert"
        title={theirs.savedBy === undefined ? texts.conflict : texts.conflictBy(theirs.savedBy)}
        styles={{ title: { color: 'var(--mantine-color-text)' } }}
      >
        {all.length === 0 ? texts.conflictSame : texts.conflictHint}
      </Alert>
      {all.map((clash) => (
        <Both
          key={clash.path}
          clash={clash}
          side={sideOf(clash)}
          onChoose={(side) => setChosen(new Map(chosen).set(clash.path, side))}
        />
      ))}
      <Group gap="sm">
        {all.length > 0 && (
          <Button loading={isBusy} onClick={() => onSave(mixed)}>
            {texts.saveMixed}
          </Button>
        )}
        <Button variant="default" onClick={onTakeTheirs}>
          {texts.takeTheirs}
        </Button>
        {all.length > 0 && (
          <Button variant="default" loading={isBusy} onClick={() => onSave(mine)}>
            {texts.saveOver}
          </Button>
        )}
      </Group>
    </Stack>
  );
};

const Both = ({
  clash,
  side,
  onChoose,
}: {
  readonly clash: Clash;
  readonly side: Side;
  readonly onChoose: (side: Side) => void;
}) => {
  const { path, by } = clash;
  const name = nameOf(path);
  const [theirs, mine] = [textOf(path, clash.theirs), textOf(path, clash.mine)];
  const pieces = differenceOfTexts(theirs ?? '', mine ?? '');
  return (
    <div role="radiogroup" aria-label={texts.choiceOf(name)} data-clash={path}>
      <Group gap="xs" mb={4}>
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Badge size="sm" variant="light" color={by === 'both' ? 'orange' : 'gray'} tt="none">
          {texts.changedBy[by]}
        </Badge>
      </Group>
      <div className={classes.sides}>
        {(['theirs', 'mine'] as const).map((each) => (
          <label key={each} className={classes.side} data-chosen={side === each || undefined} data-side={each}>
            <Group gap={8} wrap="nowrap">
              <input type="radio" checked={side === each} onChange={() => onChoose(each)} />
              <Text size="xs" fw={600}>
                {texts[each]}
              </Text>
            </Group>
            <Marked
              pieces={pieces}
              not={each === 'theirs' ? 'new' : 'gone'}
              isThere={(each === 'theirs' ? theirs : mine) !== undefined}
            />
          </label>
        ))}
      </div>
    </div>
  );
};

const Marked = ({
  pieces,
  not,
  isThere,
}: {
  readonly pieces: readonly Piece[];
  readonly not: Piece['is'];
  readonly isThere: boolean;
}) =>
  isThere ? (
    <pre>
      {pieces
        .filter(({ is }) => is !== not)
        .map(({ is, text }, index) => (is === 'same' ? <span key={index}>{text}</span> : <mark key={index}>{text}</mark>))}
    </pre>
  ) : (
    <Text size="sm" c="dimmed" mt={4}>
      {texts.notSet}
    </Text>
  );

const textOf = (path: string, value: unknown): string | undefined => (value === undefined ? undefined : valueText(path, value));
