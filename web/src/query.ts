import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './api.ts';

const TRIES = 3;

/** What was asked by REST. Nothing grows old by itself: the socket tells what changes. A master that is away is asked again, a refusal is final. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: 'always',
      retry: (failures, error) =>
        failures < TRIES && !(error instanceof ApiError && error.problem.status >= 400 && error.problem.status < 500),
    },
  },
});
