import type { FastifyInstance } from 'fastify';

const HEADERS: Readonly<Record<string, string>> = {
  // Inline styles: the console's components set them. No inline script, nothing from elsewhere.
  'content-security-policy':
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/** On every answer; what the API answers is kept by no cache. */
export const registerHeaders = (app: FastifyInstance): void => {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    if (/^\/(api|job|worker|readyz|healthz|metrics|login)\b/.test(request.url)) reply.header('cache-control', 'no-store');
  });
};
