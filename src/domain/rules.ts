import type { Rules } from './values.ts';

/** Versions of the rules by which fire times are computed, compared: our own rules first, then the time zone data as text ("2025b" < "2026a"). One order for all, so that of
 *  workers of many versions some are the newest. Pure. */
const compareRules = (a: Rules, b: Rules): number => a.schedule - b.schedule || (a.tz < b.tz ? -1 : a.tz > b.tz ? 1 : 0);

export const isOlder = (rules: Rules, than: Rules): boolean => compareRules(rules, than) < 0;

/** The newest of them; undefined of none. */
export const newestRules = (all: readonly Rules[]): Rules | undefined =>
  all.reduce<Rules | undefined>((newest, each) => (newest && compareRules(each, newest) <= 0 ? newest : each), undefined);

/** Whether somebody in the cluster knows newer rules than these: who does not may judge fire times wrongly. */
export const knowsLess = (rules: Rules, others: Iterable<{ readonly rules: Rules }>): boolean => {
  for (const other of others) if (isOlder(rules, other.rules)) return true;
  return false;
};
