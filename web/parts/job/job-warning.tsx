import { Alert, Button, Text } from '@mantine/core';
import type { JobView } from '../../../src/domain/wire.ts';
import { ask, jobPath } from '../../src/api.ts';
import { useMay } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import { useAsk } from '../frame/ask.tsx';
import { useTell } from '../frame/tell.tsx';
import { At } from '../time.tsx';

type WarningProps = { readonly name: string; readonly warning: NonNullable<JobView['warning']> };

/** What keeps a job from running though nothing is wrong with its definition, and the way to put it right. */
export const JobWarning = ({ name, warning: { cursorAt } }: WarningProps) => {
  const tell = useTell();
  const askFirst = useAsk();
  const mayAdmin = useMay('admin');
  const setBack = (): void => void ask('POST', `${jobPath(name)}/cursor`, { body: {} }).catch(tell);
  return (
    <Alert
      color="orange"
      title={texts.cursorAhead}
      role="alert"
      icon={<span aria-hidden="true">!</span>}
      data-warning="cursorAhead"
    >
      <Text size="sm">
        {texts.cursorAheadUntil} <At at={cursorAt} />. {texts.cursorAheadHint}
      </Text>
      {mayAdmin && (
        <Button
          mt="sm"
          size="xs"
          color="orange"
          variant="light"
          onClick={() =>
            askFirst({ title: texts.cursorBackTitle(name), hint: texts.cursorBackHint, yes: texts.cursorBack, onYes: setBack })
          }
        >
          {texts.cursorBack}
        </Button>
      )}
    </Alert>
  );
};
