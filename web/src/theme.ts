import { createTheme } from '@mantine/core';

/** What all pages share in looks. Colours of states are in texts.ts, beside their words. */
export const theme = createTheme({
  primaryColor: 'teal',
  // White on the shade before this has less contrast than small text needs.
  primaryShade: 9,
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  defaultRadius: 'md',
  cursorType: 'pointer',
  // The element that it puts into a menu to have the focus first is nothing that a menu may have; without it the first item has the focus.
  components: {
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    // Its own grey is too faint for small text.
    Notification: { styles: { description: { color: 'var(--mantine-color-text)' } } },
  },
});
