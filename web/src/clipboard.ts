/** Puts a text on the clipboard; answers whether it is there. Browsers have the new way only on https and on the machine itself. */
export const toClipboard = async (text: string): Promise<boolean> => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return byHand(text);
  }
};

/** The old way: select a text that nobody sees, and copy. */
const byHand = (text: string): boolean => {
  const had = document.activeElement;
  const field = document.createElement('textarea');
  field.value = text;
  field.setAttribute('aria-hidden', 'true');
  field.style.cssText = 'position:fixed;inset:0 auto auto 0;opacity:0';
  // Inside an open dialog, which lets nothing outside itself have the focus.
  (had?.closest('[role=dialog]') ?? document.body).append(field);
  field.select();
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way over plain http
    return document.execCommand('copy');
  } finally {
    field.remove();
    if (had instanceof HTMLElement) had.focus();
  }
};
