import { createTheme, type CSSVariablesResolver } from '@mantine/core';

/** What all pages share in looks. Colours of states are in texts.ts, beside their words. */
export const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: { light: 8, dark: 7 },
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  defaultRadius: 'md',
  cursorType: 'pointer',
});

/** Where the library's own colours are too pale to be read at arm's length (WCAG AA, on the ground of the page too). */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5a636c',
    '--mantine-color-placeholder': '#6b747d',
    '--mantine-color-teal-light-color': '#066649',
    '--mantine-color-red-light-color': '#b02020',
    '--mantine-color-orange-light-color': '#9c3306',
    '--mantine-color-yellow-light-color': '#7a4a00',
    '--mantine-color-gray-light-color': '#495057',
  },
  dark: {
    '--mantine-color-dimmed': '#a0a0a0',
    '--mantine-color-placeholder': '#8c8c8c',
  },
});
