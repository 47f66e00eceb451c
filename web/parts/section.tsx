import { Group, Paper, Title } from '@mantine/core';
import { useId, type ReactNode } from 'react';

type SectionProps = {
  readonly title: string;
  /** Stands at the end of the title's line. */
  readonly aside?: ReactNode;
  /** Without padding below the title: its rows have their own. */
  readonly isFlush?: boolean;
  readonly children: ReactNode;
};

/** A named part of a page: a region of its own for who moves by regions. */
export const Section = ({ title, aside, isFlush = false, children }: SectionProps) => {
  const id = useId();
  return (
    <Paper withBorder component="section" aria-labelledby={id} style={{ overflow: 'hidden' }}>
      <Group justify="space-between" gap="xs" px="md" pt="sm" pb={isFlush ? 'xs' : 4} mih={44}>
        <Title order={2} size="h5" id={id}>
          {title}
        </Title>
        {aside}
      </Group>
      {isFlush ? children : <div style={{ padding: '0 16px 14px' }}>{children}</div>}
    </Paper>
  );
};
