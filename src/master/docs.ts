import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';

type Tree = { [key: string]: unknown };
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Puts each schema that has a title among the components once, and a reference where it stood. */
const withComponents = (document: Tree): Tree => {
  const schemas: Tree = {};
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isTree(value)) return value;
    const { $id: _id, title, ...rest } = value;
    const walked = Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, walk(each)]));
    if (typeof title !== 'string') return walked;
    schemas[title] ??= walked;
    return { $ref: `#/components/schemas/${title}` };
  };
  const { info, ...rest } = document;
  return { ...(walk(rest) as Tree), info, components: { schemas, securitySchemes } };
};

const securitySchemes = {
  token: { type: 'http' as const, scheme: 'bearer' },
  session: { type: 'apiKey' as const, in: 'cookie', name: 'cronstream_session' },
};

/** The OpenAPI document, made from the schemas that check and type the routes, at /api/openapi.json; to be read at /docs. Register before the routes. */
export const registerDocs = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'cronstream', version, description: 'Errors are application/problem+json with a stable code.' },
      security: [{ token: [] }, { session: [] }],
      components: { securitySchemes },
    },
  });
  let document: Tree | undefined;
  const made = (): Tree => (document ??= withComponents(app.swagger() as unknown as Tree));
  app.get('/api/openapi.json', { config: { role: 'public' }, schema: { hide: true } }, async () => made());
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    transformSpecification: made,
    transformSpecificationClone: false,
    uiConfig: { docExpansion: 'list', deepLinking: true, validatorUrl: null },
  });
};
