// axe-core on a page of the console: what a person who sees badly, or uses no mouse, would stumble over.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { until } from './process.ts';

const SOURCE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Asked of the page: rule, weight and the first places of each finding that counts. */
const runIn = (part: string): string => `axe.run(${part}, { resultTypes: ['violations'] }).then(({ violations }) =>
  violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, nodes }) => id + ' (' + impact + '): ' + nodes.slice(0, 3).map(({ html, any }) => html.slice(0, 200) + ' ' + (any[0]?.message ?? '')).join(' | ')))`;

/** What fades in has other colours on its way: waits for every animation that has an end. */
const SETTLED = `Promise.all(document.getAnimations()
  .filter((each) => each.effect?.getComputedTiming().endTime !== Infinity)
  .map((each) => each.finished.catch(() => undefined))).then(() => undefined)`;

/** The serious and critical findings on the page as it is now, or in one part of it; empty where it is good. */
export const axeFindings = async (page: Page, part?: string): Promise<readonly string[]> => {
  // By the debugger's way: the page's policy, which forbids scripts of others, stays as it is.
  await page.evaluate(SETTLED);
  await page.evaluate(SOURCE);
  return page.evaluate<readonly string[]>(runIn(part === undefined ? 'document' : JSON.stringify(part)));
};

/** Waits until axe finds nothing on the page, or in one part of it: what fades in has little contrast until it is there. Throws with the findings. */
export const untilAxeIsContent = async (page: Page, part?: string): Promise<void> => {
  let findings: readonly string[] = [];
  await until(
    async () => (findings = await axeFindings(page, part)).length === 0,
    () => findings.join('\n'),
    20_000,
  );
};

/** By how many pixels the page is wider than its window. */
export const tooWide = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
