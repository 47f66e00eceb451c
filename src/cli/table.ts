/** Rows as columns of even width. Control characters of what others have written are not passed on to the terminal. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const all = [head, ...rows].map((row) => row.map(visible));
  const widths = head.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell))))
        .join('  '),
    )
    .join('\n');
};

export const visible = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ');

const segmenter = new Intl.Segmenter();
const widthOf = (text: string): number => [...segmenter.segment(text)].length;
