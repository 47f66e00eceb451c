import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const ABSENT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>cronstream</title>
<h1>The console is not built</h1><p>Run <code>npm run build</code> and start again. The API is there: <a href="/docs">/docs</a>.</p></html>`;

const YEAR_S = 31_536_000;

/** Serves the console's files, and answers with its page wherever a page may be. Returns what the not-found handler does for page addresses. */
export const registerWeb = async (
  app: FastifyInstance,
  webDir: string | undefined,
): Promise<(request: FastifyRequest, reply: FastifyReply) => unknown> => {
  const isThere = webDir !== undefined && existsSync(join(webDir, 'index.html'));
  if (!isThere) return (_request, reply) => reply.code(503).type('text/html; charset=utf-8').send(ABSENT);
  await app.register(fastifyStatic, {
    root: webDir,
    wildcard: true,
    index: false,
    redirect: false,
    cacheControl: false,
    dotfiles: 'ignore',
    // The build leaves .br and .gz beside each file: nothing is compressed while somebody waits.
    preCompressed: true,
    setHeaders: (reply, path) => {
      // Names under assets/ carry a hash of the content; the page that names them must always be asked for.
      const isHashed = path.includes('/assets/');
      reply.header('cache-control', isHashed ? `public, max-age=${String(YEAR_S)}, immutable` : 'no-cache');
    },
  });
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.sendFile('index.html'));
  return (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    // A file that is not there is not a page: a browser that runs HTML as a script tells nothing.
    if (/\.[a-z0-9]{1,8}$/i.test(path) && !(request.headers.accept ?? '').includes('text/html'))
      return reply.code(404).type('text/plain; charset=utf-8').send('There is no such file.\n');
    return reply.sendFile('index.html');
  };
};
