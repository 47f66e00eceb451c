import { Group, Text } from '@mantine/core';
import { useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Mark } from '../mark.tsx';
import { texts } from '../../src/texts.ts';
import { KeysDialog, useFrameKeys } from './frame-keys.tsx';
import classes from './header.module.css';
import { LinkBadge } from './link-bar.tsx';
import { MainMenu } from './menu.tsx';

const PAGES = [
  ['/', texts.jobs],
  ['/overview', texts.overview],
  ['/runs', texts.runs],
  ['/workers', texts.workers],
] as const;

/** Where one is, whether the link lives, the menu; and the keys that work everywhere. */
export const Header = () => {
  const [location] = useLocation();
  const [isListing, setListing] = useState(false);
  const showKeys = (): void => setListing(true);
  useFrameKeys(showKeys);
  return (
    <header className={classes['header']}>
      <div className={classes['inner']}>
        <Group gap={8} wrap="nowrap">
          <Mark size={26} />
          <Text fw={700} visibleFrom="sm">
            {texts.product}
          </Text>
        </Group>
        <nav className={classes['nav']} aria-label={texts.pages}>
          {PAGES.map(([path, name]) => (
            <Link
              key={path}
              href={path}
              className={classes['link'] ?? ''}
              {...((path === '/' ? location === '/' || location.startsWith('/jobs/') : location.startsWith(path)) && {
                'aria-current': 'page' as const,
              })}
            >
              {name}
            </Link>
          ))}
        </nav>
        <Group gap="xs" wrap="nowrap" ml="auto">
          <LinkBadge />
          <MainMenu onKeys={showKeys} />
        </Group>
      </div>
      <KeysDialog isOpen={isListing} onClose={() => setListing(false)} />
    </header>
  );
};
