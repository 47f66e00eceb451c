import { Group, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { JobView } from '../../../src/domain/wire.ts';
import { texts } from '../../src/texts.ts';
import { Copy } from '../copy.tsx';
import classes from './definition.module.css';
import { Section } from '../section.tsx';
import { At, Distance } from '../time.tsx';

/** A name, a text, a word or number, in this order. What lies between is kept as it is. */
const TOKEN = /("(?:[^"\\]|\\.)*"(?=\s*:))|("(?:[^"\\]|\\.)*")|(true|false|null|-?\d[\d.eE+-]*)/g;
const KINDS = ['name', 'text', 'word'] as const;

type Token = { readonly text: string; readonly kind: (typeof KINDS)[number] | undefined };

const tokensOf = (json: string): readonly Token[] => {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of json.matchAll(TOKEN)) {
    if (match.index > end) tokens.push({ text: json.slice(end, match.index), kind: undefined });
    tokens.push({ text: match[0], kind: KINDS.find((_, n) => match[n + 1] !== undefined) });
    end = match.index + match[0].length;
  }
  return [...tokens, { text: json.slice(end), kind: undefined }];
};

/** The job as it lies in the store, and who saved it. */
export const Definition = ({ view: { job, revision, savedBy, savedAt } }: { readonly view: JobView }) => {
  const json = useMemo(() => JSON.stringify(job, undefined, 2), [job]);
  const tokens = useMemo(() => tokensOf(json), [json]);
  return (
    <Section title={texts.definition} aside={<Copy text={json} what={texts.definition} />}>
      <Text size="xs" c="dimmed" mb="xs" component="div">
        <Group gap={6}>
          {savedAt !== undefined && (
            <span>
              {texts.savedWhen} <Distance at={savedAt} /> (<At at={savedAt} />)
            </span>
          )}
          {savedBy !== undefined && <span className="anywhere">{texts.savedByWhom(savedBy)}</span>}
          <span>
            {savedAt !== undefined || savedBy !== undefined ? '· ' : ''}
            {texts.revisionOf(revision)}
          </span>
        </Group>
      </Text>
      <pre className={classes['json']} tabIndex={0} role="group" aria-label={texts.definition}>
        {tokens.map(({ text, kind }, n) => (
          <span key={n} {...(kind === undefined ? {} : { className: classes[kind] })}>
            {text}
          </span>
        ))}
      </pre>
    </Section>
  );
};
