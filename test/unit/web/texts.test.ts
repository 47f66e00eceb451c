import { expect, test } from 'vitest';
import { en } from '../../../web/texts/en/index.ts';
import { zh } from '../../../web/texts/zh/index.ts';

const files = import.meta.glob<Record<string, object>>('../../../web/texts/*/*.ts', { eager: true });
const spoken: Readonly<Record<'en' | 'zh', Readonly<Record<string, unknown>>>> = { en: en.texts, zh: zh.texts };

/** The names of the texts of each room of a language; the words of the domain have an object of their own. */
const roomsOf = (language: string): readonly (readonly string[])[] =>
  Object.entries(files)
    .filter(([path]) => path.includes(`/${language}/`) && !/(index|words)\.ts$/.test(path))
    .flatMap(([, rooms]) => Object.values(rooms).map((texts) => Object.keys(texts)));

test.each(['en', 'zh'] as const)('%s: no two rooms use the same name, and every room is in the catalogue', (language) => {
  const names = roomsOf(language).flat();
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  expect(Object.keys(spoken[language]).sort()).toEqual([...names].sort());
});

const sample = (text: unknown): string => {
  if (typeof text === 'function') return String((text as (...given: unknown[]) => unknown)('3', '7', 2, 1));
  return typeof text === 'string' ? text : JSON.stringify(text);
};

test('Chinese has a text of its own wherever English has words', () => {
  const same = Object.entries(spoken.en)
    .filter(([name, text]) => /[a-z]{3}/.test(sample(text)) && sample(text) === sample(spoken.zh[name]))
    .map(([name]) => name);
  // A name is the same in every language.
  expect(same).toEqual(['product']);
});
