import { Text } from '@mantine/core';
import type { Explained } from '../src/use-explained.ts';
import { texts } from '../src/texts.ts';
import { At, Distance } from './time.tsx';

/** A schedule in words, when it fires next, and what may surprise. */
export const Meaning = ({ explained }: { readonly explained: Explained | undefined }) => (
  <div aria-live="polite" style={{ minHeight: 44, paddingTop: 6 }}>
    {explained && (
      <>
        <Text size="sm" fw={600}>
          {explained.description}
        </Text>
        {explained.fires.length > 0 && (
          <Text size="xs" c="dimmed" component="div">
            {texts.nextFires}{' '}
            {explained.fires.map(({ at, note }, index) => (
              <span key={at}>
                {index > 0 && ' · '}
                <At at={at} />
                {index === 0 && (
                  <>
                    {' ('}
                    <Distance at={at} />
                    {')'}
                  </>
                )}
                {note !== undefined && ` ${note}`}
              </span>
            ))}
          </Text>
        )}
        {explained.warnings.map((text) => (
          <Text key={text} size="xs" c="orange">
            {text}
          </Text>
        ))}
      </>
    )}
  </div>
);
