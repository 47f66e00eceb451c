/** An instant as it is stored and sent: ISO 8601 in UTC with milliseconds, 24 characters, so that texts compare as instants do. */
export type Instant = string;

const SHAPE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** @param ms since the epoch, within the years 0 to 9999 */
export const toInstant = (ms: number): Instant => new Date(ms).toISOString();

/** Milliseconds since the epoch. NaN for a text that is no instant. */
export const toMs = (at: Instant): number => Date.parse(at);

export const isInstant = (text: unknown): text is Instant =>
  typeof text === 'string' && SHAPE.test(text) && !Number.isNaN(Date.parse(text));
