import { EMPTY, type Observable } from 'rxjs';
import type { Logger } from 'pino';

/** For `catchError`: what failed is told as a warning, and ends without a word more. */
export const told =
  (log: Logger, text: string) =>
  (error: unknown): Observable<never> => {
    log.warn({ err: error }, text);
    return EMPTY;
  };
