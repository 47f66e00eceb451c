import { Menu, UnstyledButton, useMantineColorScheme, type MantineColorScheme } from '@mantine/core';
import { Link } from 'wouter';
import { ask, signedOut } from '../../src/api.ts';
import { language, LANGUAGES, speak, type Language } from '../../src/language.ts';
import { useMay, useMe } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import classes from './header.module.css';

const THEMES = [
  ['auto', texts.themeAuto],
  ['light', texts.themeLight],
  ['dark', texts.themeDark],
] as const satisfies readonly (readonly [MantineColorScheme, string])[];

/** What is set for this browser, where the API is told of, and the way out. */
export const MainMenu = ({ onKeys }: { readonly onKeys: () => void }) => {
  const me = useMe().data;
  const mayEdit = useMay('editor');
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const who = !me || me.noAuth ? undefined : texts.signedInAs(me.name, me.role);
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <UnstyledButton className={classes['who'] ?? ''} aria-label={who === undefined ? texts.menu : `${texts.menu}: ${who}`}>
          {who === undefined || !me ? <Lines /> : me.name.slice(0, 1).toUpperCase()}
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label className="anywhere">{who ?? texts.noSignIn}</Menu.Label>
        <Menu.Divider />
        <Menu.Label>{texts.theme}</Menu.Label>
        <Menu.RadioGroup value={colorScheme} onChange={(chosen) => setColorScheme(chosen as MantineColorScheme)}>
          {THEMES.map(([value, name]) => (
            <Menu.RadioItem key={value} value={value} closeMenuOnClick={false}>
              {name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Label>{texts.language}</Menu.Label>
        <Menu.RadioGroup value={language} onChange={(chosen) => speak(chosen as Language)}>
          {Object.entries(LANGUAGES).map(([value, name]) => (
            <Menu.RadioItem key={value} value={value} lang={value}>
              {name}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        {mayEdit && (
          <>
            <Menu.Item component={Link} href="/audit">
              {texts.auditPage}
            </Menu.Item>
            <Menu.Item component={Link} href="/import">
              {texts.importPage}
            </Menu.Item>
          </>
        )}
        <Menu.Item rightSection={<kbd className={classes['key']}>?</kbd>} onClick={onKeys}>
          {texts.keys}
        </Menu.Item>
        <Menu.Item component="a" href="/docs" target="_blank">
          {texts.apiDocs}
        </Menu.Item>
        {who !== undefined && (
          <>
            <Menu.Divider />
            <Menu.Item
              onClick={() => {
                void ask('POST', '/logout').finally(() => signedOut.dispatchEvent(new Event('signedOut')));
              }}
            >
              {texts.signOut}
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
};

const Lines = () => (
  <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" style={{ verticalAlign: '-3px' }}>
    <path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" />
  </svg>
);
