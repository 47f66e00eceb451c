import { writeSync } from 'node:fs';
import { instant } from './clock.ts';

/** One plain line into the launcher's log file. A full disk must not stop it: what cannot be written is left out. */
export const say = (text: string): void => {
  try {
    writeSync(1, `${instant()} ${text}\n`);
  } catch {
    // nowhere to say it
  }
};
