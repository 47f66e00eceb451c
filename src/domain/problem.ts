import { Compile } from 'typebox/compile';
import type { Static, TSchema } from 'typebox';

/** One thing that is wrong with what somebody sent: where (a JSON pointer, '' for the whole), a code that programs may rely on, and words. */
export type FieldProblem = {
  readonly path: string;
  readonly code: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly field?: string;
};

export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly FieldProblem[] };

type SchemaError = { readonly keyword: string; readonly instancePath: string; readonly params: object; readonly message: string };

/** The errors of a schema check as problems: all of them, one for each place, unknown fields by name. */
export const problemsOf = (errors: readonly SchemaError[]): readonly FieldProblem[] => {
  const problems = new Map<string, FieldProblem>();
  const add = (path: string, code: string, message: string): void => {
    if (!problems.has(path)) problems.set(path, { path, code, message });
  };
  for (const { keyword, instancePath, params, message } of errors) {
    const { additionalProperties = [], requiredProperties = [] } = params as {
      additionalProperties?: string[];
      requiredProperties?: string[];
    };
    if (keyword === 'boolean') add(instancePath, 'unknownField', `${quoted(instancePath)} is not a field that is known here`);
    else if (keyword === 'additionalProperties')
      additionalProperties.forEach((name) =>
        add(`${instancePath}/${name}`, 'unknownField', `"${name}" is not a field that is known here`),
      );
    else if (keyword === 'required')
      requiredProperties.forEach((name) => add(`${instancePath}/${name}`, 'required', `"${name}" is missing`));
    else add(instancePath, keyword === 'type' ? 'wrongType' : 'invalid', message);
  }
  return [...problems.values()];
};

const quoted = (pointer: string): string => `"${pointer.split('/').at(-1) ?? ''}"`;

/** A check of unknown input against a schema, compiled once. Nothing is coerced, filled in or removed. */
export const createCheck = <S extends TSchema>(schema: S): ((value: unknown) => Checked<Static<S>>) => {
  const validator = Compile(schema);
  return (value) => (validator.Check(value) ? { ok: true, value } : { ok: false, problems: problemsOf(validator.Errors(value)) });
};

/** Like `createCheck`, from JSON text. */
export const createParse = <S extends TSchema>(schema: S): ((text: string) => Checked<Static<S>>) => {
  const check = createCheck(schema);
  return (text) => {
    try {
      return check(JSON.parse(text));
    } catch (error) {
      return {
        ok: false,
        problems: [{ path: '', code: 'notJson', message: `not JSON: ${error instanceof Error ? error.message : String(error)}` }],
      };
    }
  };
};
