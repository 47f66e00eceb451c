import { Modal, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { useLocation } from 'wouter';
import { useMay } from '../../src/session.ts';
import { texts } from '../../src/texts.ts';
import { keys, useKeyboard, useKeys } from '../../src/keys/use-keys.ts';
import { useEditor } from '../editor/editor-provider.tsx';
import classes from './header.module.css';

/** What is written on them, where that is not what they are called. */
const CAPS: Readonly<Record<string, string>> = { Escape: 'Esc' };

/** Tries so many frames: the page with the field may have to come first. */
const MOST_FRAMES = 60;

const focusSearch = (left: number): void => {
  const field = document.querySelector<HTMLInputElement>('input[type=search]');
  if (field) field.select();
  else if (left > 0) requestAnimationFrame(() => focusSearch(left - 1));
};

/** The keys that work on every page. */
export const useFrameKeys = (onList: () => void): void => {
  const [location, go] = useLocation();
  const mayEdit = useMay('editor');
  const { create } = useEditor();
  useKeyboard();
  useKeys([
    {
      key: '/',
      name: texts.keySearch,
      act: () => {
        if (!document.querySelector('input[type=search]')) go('/');
        focusSearch(MOST_FRAMES);
      },
    },
    { key: 'n', name: texts.keyNew, act: () => mayEdit && create() },
    {
      key: 'Escape',
      name: texts.keyBack,
      act: () => {
        const [, list = '', one = ''] = location.split('/');
        if (one === '') return false;
        if ('navigation' in window && window.navigation.canGoBack) history.back();
        else go(list === 'jobs' ? '/' : `/${list}`);
        return true;
      },
    },
    { key: '?', name: texts.keyList, act: onList },
  ]);
};

/** The list of keys: those that work where one is. */
export const KeysDialog = ({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) => (
  <Modal opened={isOpen} onClose={onClose} title={texts.keys} closeButtonProps={{ 'aria-label': texts.close }}>
    {isOpen && <List />}
  </Modal>
);

const List = () => {
  // As they were when it was opened: under a dialog no page comes or goes.
  const [all] = useState(() => keys.list());
  return (
    <>
      <Text size="sm" c="dimmed" mb="xs">
        {texts.keysHint}
      </Text>
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {all.map(({ key, name }) => (
            <Table.Tr key={key}>
              <Table.Td w={80}>
                <kbd className={classes['key']}>{CAPS[key] ?? key}</kbd>
              </Table.Td>
              <Table.Td>{name}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
};
