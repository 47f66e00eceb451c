import { Badge, Text } from '@mantine/core';
import { useNow } from '../../src/clock.ts';
import { format } from '../../src/format.ts';
import { useLink } from '../../src/live/link.ts';
import { texts } from '../../src/texts.ts';
import classes from './link-bar.module.css';

const SHOWN = {
  up: ['●', texts.linkUp, 'teal'],
  connecting: ['…', texts.linkConnecting, 'gray'],
  down: ['○', texts.linkLost, 'red'],
} as const;

/** The link's state in the header. */
export const LinkBadge = () => {
  const { is, since } = useLink();
  const [sign, word, color] = SHOWN[is];
  return (
    <Badge
      variant="light"
      color={color}
      data-link={is}
      title={format.exact(new Date(since).toISOString())}
      leftSection={<span aria-hidden="true">{sign}</span>}
      styles={{ root: { textTransform: 'none', flexShrink: 0 } }}
    >
      {word}
    </Badge>
  );
};

/** A break that heals within this is not worth the fright. */
const SHORT_MS = 1_500;

/** Over the page while the link is lost: since when, and that what one sees is from then. It covers no row and moves none. */
export const LinkBar = () => {
  const { is, since } = useLink();
  const now = useNow();
  if (is !== 'down' || now - since < SHORT_MS) return null;
  const at = new Date(since).toISOString();
  return (
    <div className={classes['bar']} role="status">
      <Text size="sm" component="span">
        {texts.linkDown(format.growing(now - since), format.instant(at, now))}
      </Text>
    </div>
  );
};
