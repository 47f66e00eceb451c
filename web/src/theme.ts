import { createTheme } from '@mantine/core';

/** What all pages share in looks. Colours of states are in texts.ts, beside their words. */
export const theme = createTheme({
  primaryColor: 'teal',
  // White on the shade before this has less contrast than small text needs.
  primaryShade: { light: 9, dark: 7 },
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  defaultRadius: 'md',
  cursorType: 'pointer',
});
