import { Button, Group, Text } from '@mantine/core';
import { format } from '../src/format.ts';
import { texts } from '../src/texts.ts';

type List = {
  readonly rows: readonly unknown[] | undefined;
  readonly total: number | undefined;
  readonly more: (() => void) | undefined;
  readonly isLoadingMore: boolean;
};

/** The way to the next page, while there is one. */
export const More = ({ list: { rows, total, more, isLoadingMore } }: { readonly list: List }) =>
  more && rows ? (
    <Group justify="center" gap="md">
      {total !== undefined && (
        <Text size="sm" c="dimmed">
          {texts.moreOf(format.number(rows.length), format.number(total))}
        </Text>
      )}
      <Button variant="default" loading={isLoadingMore} onClick={more}>
        {texts.more}
      </Button>
    </Group>
  ) : null;
