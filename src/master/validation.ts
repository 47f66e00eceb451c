import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { createCheck } from '../domain/problem.ts';

type Properties = Readonly<Record<string, { readonly type?: string }>>;

/** Query strings and path parameters are text: what the schema names a number or a boolean is read as one if it is written as one. Nothing else is converted. */
const fromText = (schema: TSchema, value: unknown): unknown => {
  const properties = (schema as { properties?: Properties }).properties ?? {};
  const given = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(given).map(([name, text]) => {
      const type = Object.hasOwn(properties, name) ? properties[name]?.type : undefined;
      if (typeof text !== 'string') return [name, text];
      if ((type === 'integer' || type === 'number') && /^-?\d{1,16}$/.test(text)) return [name, Number(text)];
      if (type === 'boolean' && /^(true|false)$/.test(text)) return [name, text === 'true'];
      return [name, text];
    }),
  );
};

/** Fastify's validator: refuses unknown fields and wrong types, lists all problems, coerces nothing in bodies. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = createCheck(schema);
  return (value: unknown) => {
    const checked = check(httpPart === 'body' ? value : fromText(schema, value));
    // Fastify reads an array as the list of validation errors; they are ours already.
    return checked.ok ? { value: checked.value } : { error: checked.problems as never };
  };
};

/** For bodies that the handler checks itself, so that all problems (those of the cron text too) come together; the schema is the documentation. */
export const bodyCheckedByHandler: FastifySchemaCompiler<TSchema> = (route) =>
  route.httpPart === 'body' ? (value: unknown) => ({ value }) : validatorCompiler(route);
