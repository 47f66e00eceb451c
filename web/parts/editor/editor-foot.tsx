import { Anchor, Button, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { texts } from '../../src/texts.ts';
import classes from './editor.module.css';

type FootProps = {
  /** Whether it is asked if changes are to be given up. */
  readonly isAsking: boolean;
  readonly isBusy: boolean;
  readonly maySave: boolean;
  readonly isJson: boolean;
  readonly onDiscard: () => void;
  readonly onKeep: () => void;
  readonly onLeave: () => void;
  readonly onToggleJson: () => void;
  /** In the place of Save. */
  readonly instead?: ReactNode;
  /** At the end of the line. */
  readonly children: ReactNode;
};

/** Save and what else one does with the whole job; in its place the question, where changes would be lost. */
export const EditorFoot = (props: FootProps) => (
  <div className={classes.foot}>
    {props.isAsking ? (
      <Group role="alertdialog" aria-label={texts.unsaved} gap="sm">
        <Text size="sm" flex={1} miw="min(100%, 16rem)">
          {texts.unsaved}
        </Text>
        <Button color="red" variant="light" onClick={props.onDiscard}>
          {texts.discard}
        </Button>
        <Button autoFocus variant="default" onClick={props.onKeep}>
          {texts.keepWriting}
        </Button>
      </Group>
    ) : (
      <Group gap="sm">
        {props.instead ?? (
          <Button type="submit" loading={props.isBusy} disabled={!props.maySave} title={texts.saveHint}>
            {texts.save}
          </Button>
        )}
        <Button variant="default" onClick={props.onLeave}>
          {texts.cancel}
        </Button>
        <Group gap="md" ml="auto">
          {props.children}
          {props.instead === undefined && (
            <Anchor component="button" type="button" size="sm" disabled={!props.maySave} onClick={props.onToggleJson}>
              {props.isJson ? texts.asForm : texts.asJson}
            </Anchor>
          )}
        </Group>
      </Group>
    )}
  </div>
);
