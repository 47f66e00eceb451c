import { groupBy } from './group.ts';
import type { ChaosResult } from './run.ts';

const MOST_SHOWN = 5;

/** The verdict in words: the numbers, the faults by kind, the violations each with what shows it. */
export const verdictText = ({ violations, numbers, faults, skipped, folder }: ChaosResult): string => {
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${String(count)}`)
      .join(', ');
  const kinds = groupBy(violations, ({ promise }) => promise);
  return [
    `numbers: ${list(numbers)}`,
    `faults: ${list(faults) || 'none'}`,
    ...(Object.keys(skipped).length > 0 ? [`not done: ${list(skipped)}`] : []),
    ...[...kinds].flatMap(([promise, all]) => [
      `${promise} BROKEN, ${String(all.length)} times:`,
      ...all
        .slice(0, MOST_SHOWN)
        .flatMap(({ what, evidence }) => [`  ${what}`, ...evidence.slice(0, 12).map((each) => `      ${each.slice(0, 300)}`)]),
      ...(all.length > MOST_SHOWN ? [`  … and ${String(all.length - MOST_SHOWN)} more`] : []),
    ]),
    violations.length === 0
      ? 'VERDICT: every promise held'
      : `VERDICT: ${String(violations.length)} violations; everything is in ${folder ?? ''}`,
  ].join('\n');
};
