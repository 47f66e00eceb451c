import type { FastifyReply } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import type { Language } from '../domain/words.ts';

/** The language that a request wishes for (`Accept-Language`), the first one that we speak; English otherwise. */
export const languageOf = (accept: string | undefined): Language => {
  const wishes = (accept ?? '').split(',').map((each) => {
    const [tag = '', ...more] = each.trim().toLowerCase().split(';');
    const weight = more.map((part) => /^\s*q=([\d.]+)/.exec(part)?.[1]).find((found) => found !== undefined);
    return { tag: tag.trim(), weight: weight === undefined ? 1 : Number(weight) };
  });
  // Sorting is stable: of two equal wishes the first counts.
  for (const { tag, weight } of wishes.toSorted((a, b) => b.weight - a.weight)) {
    if (!(weight > 0)) continue;
    if (/^zh\b/.test(tag)) return 'zh';
    if (/^en\b/.test(tag)) return 'en';
  }
  return 'en';
};

/** The language in which a request is answered, and the answer's headers that say so. */
export const speak = (headers: IncomingHttpHeaders, reply: FastifyReply): Language => {
  const language = languageOf(headers['accept-language']);
  reply.header('vary', 'accept-language').header('content-language', language);
  return language;
};
