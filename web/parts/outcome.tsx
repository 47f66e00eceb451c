import { Badge } from '@mantine/core';
import { outcomeTexts } from '../src/texts.ts';

type Shown = { readonly outcome?: string | undefined; readonly state: string };

/** What became of a run, by word and sign, never by colour alone. What a newer master calls it is shown as it is. */
export const Outcome = ({ outcome, state }: Shown) => {
  const key = state === 'finished' ? (outcome ?? state) : state;
  const [sign, word, color] = key in outcomeTexts ? outcomeTexts[key as keyof typeof outcomeTexts] : ['•', key, 'gray'];
  return (
    <Badge
      variant="light"
      color={color}
      data-outcome={key}
      leftSection={<span aria-hidden="true">{sign}</span>}
      styles={{ root: { textTransform: 'none', cursor: 'inherit', flexShrink: 0 }, label: { fontWeight: 600 } }}
    >
      {word}
    </Badge>
  );
};
