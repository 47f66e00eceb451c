import { Alert } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { WhyView } from '../../../src/domain/wire.ts';
import { ask, jobPath } from '../../src/api.ts';

type Props = { readonly name: string; readonly at: string; /** Asked anew when it changes. */ readonly sign: string };

/** Why it ran at an instant, or did not: the master's sentence. Nothing where it cannot be had: the list below says what is on record. */
export const WhyAsked = ({ name, at, sign }: Props) => {
  const { data } = useQuery({
    queryKey: ['why', name, at, sign],
    queryFn: ({ signal }) => ask<WhyView>('GET', `${jobPath(name)}/why?${new URLSearchParams({ at }).toString()}`, { signal }),
    placeholderData: (before) => before,
    gcTime: 0,
    retry: false,
  });
  return data?.sentence ? (
    <Alert variant="light" color="blue" data-why className="anywhere">
      {data.sentence}
    </Alert>
  ) : null;
};
