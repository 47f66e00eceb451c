import { Group, Menu, Text, UnstyledButton } from '@mantine/core';
import { Link, useLocation } from 'wouter';
import { ask, signedOut } from '../src/api.ts';
import { useMe } from '../src/session.ts';
import { texts } from '../src/texts.ts';
import classes from './header.module.css';
import { LinkBadge } from './link-bar.tsx';

const PAGES = [
  ['/', texts.jobs],
  ['/runs', texts.runs],
  ['/workers', texts.workers],
] as const;

/** Where one is, whether the link lives, who one is. */
export const Header = () => {
  const [location] = useLocation();
  return (
    <header className={classes['header']}>
      <div className={classes['inner']}>
        <Group gap={8} wrap="nowrap">
          <Mark />
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
              {...((path === '/' ? location === '/' : location.startsWith(path)) && { 'aria-current': 'page' as const })}
            >
              {name}
            </Link>
          ))}
        </nav>
        <Group gap="xs" wrap="nowrap" ml="auto">
          <LinkBadge />
          <Who />
        </Group>
      </div>
    </header>
  );
};

const Mark = () => (
  <svg width="26" height="26" viewBox="0 0 16 16" aria-hidden="true">
    <circle cx="8" cy="8" r="7.5" fill="#0b7285" />
    <path d="M8 3.8V8l3 2" stroke="white" strokeWidth="1.6" strokeLinecap="round" fill="none" />
  </svg>
);

const Who = () => {
  const me = useMe().data;
  if (!me || me.noAuth) return null;
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <UnstyledButton className={classes['who'] ?? ''} aria-label={texts.signedInAs(me.name, me.role)}>
          {me.name.slice(0, 1).toUpperCase()}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label className="anywhere">{texts.signedInAs(me.name, me.role)}</Menu.Label>
        <Menu.Item
          onClick={() => {
            void ask('POST', '/logout').finally(() => signedOut.dispatchEvent(new Event('signedOut')));
          }}
        >
          {texts.signOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
};
