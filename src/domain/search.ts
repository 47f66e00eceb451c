/** Whether a text has every word of what was asked for, in any order and case; everything where nothing was. The texts of a thing are looked at as one. */
export const hasWords = (asked = ''): ((texts: readonly unknown[]) => boolean) => {
  const words = asked
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return () => true;
  return (texts) => {
    const text = texts
      .filter((each) => typeof each === 'string')
      .join('\n')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  };
};

/** What a search for jobs looks at, of a job as it is stored: a broken one too is found by what it has. */
export const textsOfJob = ({
  name,
  description,
  command,
  cronExpr,
  tags,
}: Readonly<Record<string, unknown>>): readonly unknown[] => [
  name,
  description,
  command,
  cronExpr,
  ...(Array.isArray(tags) ? (tags as unknown[]) : []),
];
