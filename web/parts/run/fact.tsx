import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './run-facts.module.css';

/** A name and what is known under it; nothing where that is nothing. */
export const Fact = ({ name, children }: { readonly name: string; readonly children: ReactNode }) =>
  children === undefined || children === false || children === '' ? null : (
    <div className={classes['fact']}>
      <Text size="xs" c="dimmed" component="dt">
        {name}
      </Text>
      <Text size="sm" component="dd" className="anywhere">
        {children}
      </Text>
    </div>
  );
