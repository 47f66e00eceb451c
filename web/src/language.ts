export const LANGUAGES = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = 'cronstream.language';

const kept = (): string | null => {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // a browser that keeps nothing for pages, or no browser at all
  }
};

/** What the browser asks for, first wish first. */
const wishes = (): readonly string[] => (typeof navigator === 'undefined' ? [] : navigator.languages);

const choose = (wanted: readonly (string | null)[]): Language => {
  for (const each of wanted) {
    const short = each?.slice(0, 2).toLowerCase();
    if (short === 'en' || short === 'zh') return short;
  }
  return 'en';
};

/** The language of this page: the viewer's choice, else the browser's. It stays the same until the page is loaded again. */
export const language: Language = choose([kept(), ...wishes()]);

/** How numbers and instants are written: as the browser is set where that is the page's language, else as is usual in that language. */
export const locale: string =
  wishes().find((each) => each.toLowerCase().startsWith(language)) ?? { en: 'en-GB', zh: 'zh-CN' }[language];

/** Keeps the choice and loads the page anew in it. */
export const speak = (chosen: Language): void => {
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // not kept: the address could carry it, but a browser without storage has no session either
  }
  location.reload();
};
