import type { Outcome } from '../../src/domain/words.ts';
import { en } from '../texts/en/index.ts';
import type { Translated } from '../texts/translated.ts';
import { zh } from '../texts/zh/index.ts';
import { language } from './language.ts';

const spoken: Translated<typeof en> = { en, zh }[language];

/** Every text of the page in the viewer's language. The texts themselves are in web/texts/, a folder a language, a file a room. */
export const { texts } = spoken;

const { outcomes, triggers, reasons } = spoken.words;

/** A run's state or outcome: sign, word and colour, never colour alone. */
export const outcomeTexts = {
  succeeded: ['✓', outcomes.succeeded, 'teal'],
  failed: ['✕', outcomes.failed, 'red'],
  timedOut: ['!', outcomes.timedOut, 'orange'],
  killed: ['■', outcomes.killed, 'grape'],
  lost: ['?', outcomes.lost, 'red'],
  skipped: ['»', outcomes.skipped, 'gray'],
  running: ['▶', outcomes.running, 'blue'],
  queued: ['…', outcomes.queued, 'yellow'],
} as const satisfies Record<Outcome | 'running' | 'queued', readonly [sign: string, word: string, color: string]>;

export const triggerTexts = triggers;

/** Why a run ended as it did. */
export const reasonTexts = reasons;
