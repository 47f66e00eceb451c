import { Badge } from '@mantine/core';
import { outcomeTexts, texts } from '../src/texts.ts';

/** What became of a run, by word and sign, never by colour alone. */
export const Outcome = ({ outcome, state }: { readonly outcome?: string | undefined; readonly state: string }) => {
  const [icon, word, color] =
    state === 'running'
      ? ['▶', texts.running, 'blue']
      : state === 'queued'
        ? ['…', texts.queued, 'yellow']
        : (outcomeTexts[outcome ?? ''] ?? ['•', outcome ?? state, 'gray']);
  return (
    <Badge variant="light" color={color} styles={{ label: { textTransform: 'none' } }}>
      {icon} {word}
    </Badge>
  );
};
