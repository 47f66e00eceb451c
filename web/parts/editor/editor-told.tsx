import { Alert, Button, Code, Text } from '@mantine/core';
import type { FieldProblem } from '../../../src/domain/problem.ts';
import type { JobView } from '../../../src/domain/wire.ts';
import { fieldAt } from '../../src/editor/job-groups.ts';
import { texts } from '../../src/texts.ts';
import { Wrong } from '../states.tsx';

/** Why the last attempt to save did not work. */
export type Failure =
  | { readonly is: 'invalid'; readonly problems: readonly FieldProblem[] }
  | { readonly is: 'conflict'; readonly theirs: JobView }
  | { readonly is: 'deleted' }
  | { readonly is: 'other'; readonly error: unknown };

type ToldProps = {
  readonly failure: Exclude<Failure, { readonly is: 'conflict' }>;
  /** In the form the problems of fields stand at their fields. */
  readonly isForm: boolean;
  readonly isBusy: boolean;
  readonly onSaveAnew: () => void;
};

/** What stands at no field. */
export const Told = ({ failure, isForm, isBusy, onSaveAnew }: ToldProps) => {
  switch (failure.is) {
    case 'deleted':
      return (
        <Alert
          color="yellow"
          variant="outline"
          role="alert"
          title={texts.deletedMeanwhile}
          styles={{ title: { color: 'var(--mantine-color-text)' } }}
        >
          <Text size="sm">{texts.deletedMeanwhileHint}</Text>
          <Button mt="sm" variant="default" loading={isBusy} onClick={onSaveAnew}>
            {texts.saveAnew}
          </Button>
        </Alert>
      );
    case 'invalid': {
      const problems = failure.problems.filter(({ path }) => !isForm || fieldAt(path) === undefined);
      if (problems.length === 0) return null;
      return (
        <Alert color="red" role="alert" title={texts.failed}>
          {problems.map(({ path, message }) => (
            <Text key={`${path} ${message}`} size="sm" className="anywhere">
              {path !== '' && <Code>{path}</Code>} {message}
            </Text>
          ))}
        </Alert>
      );
    }
    case 'other':
      return (
        <Alert color="red" role="alert" title={texts.failed}>
          <Wrong error={failure.error} />
        </Alert>
      );
    default:
      return failure satisfies never;
  }
};
