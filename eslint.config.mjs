// The quality gate beside the types: `npm run check`. Formatting is prettier's.
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import rxjsX from 'eslint-plugin-rxjs-x';
import tseslint from 'typescript-eslint';
import { CLOCKS } from './scripts/lint/boundaries.mjs';
import { cronstream } from './scripts/lint/plugin.mjs';

const TIME = 'Time has one home, src/streams/clock.ts: pass it in.';
const timeOf = (/** @type {string} */ object, /** @type {string[]} */ ...properties) =>
  properties.map((property) => ({ object, property, message: TIME }));

/**
 * What holds for src and web by its place in the tree. Needs no types, so that a test can show each rule firing.
 * @type {import('eslint').Linter.Config[]}
 */
export const places = [
  { plugins: { cronstream } },
  { files: ['src/**/*.ts', 'web/**/*.{ts,tsx}'], rules: { 'cronstream/imports': 'error' } },
  {
    files: ['src/**/*.ts', 'web/src/**/*.{ts,tsx}'],
    ignores: CLOCKS,
    rules: {
      'cronstream/clock': 'error',
      'no-restricted-globals': ['error', ...['setTimeout', 'setInterval'].map((name) => ({ name, message: TIME }))],
      'no-restricted-properties': [
        'error',
        ...timeOf('Date', 'now'),
        ...timeOf('performance', 'now', 'timeOrigin'),
        ...timeOf('process', 'hrtime'),
        ...timeOf('globalThis', 'setTimeout', 'setInterval'),
        ...timeOf('window', 'setTimeout', 'setInterval'),
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/serve*.ts', 'src/cli/serve/**', 'src/master/live-socket*.ts', 'src/streams/clock.ts'],
    rules: { 'cronstream/subscribe': 'error' },
  },
  { files: ['src/**/*.ts'], ignores: ['src/domain/keys.ts'], rules: { 'cronstream/keys': 'error' } },
];

/**
 * @type {import('eslint').Linter.Config}
 */
export const cycles = {
  plugins: { 'import-x': /** @type {any} */ (importX) },
  settings: {
    'import-x/parsers': { '@typescript-eslint/parser': ['.ts', '.tsx'] },
    'import-x/extensions': ['.ts', '.tsx', '.mjs'],
    'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.tsx', '.mjs', '.js'] })],
  },
  rules: { 'import-x/no-cycle': ['error', { ignoreExternal: true }] },
};

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'data/', 'coverage/', '.cache/', 'test/servers/', '**/*.d.ts']),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  cycles,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'no-undef': 'off', // the type checker's
      'import-x/no-duplicates': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // `default: return input satisfies never` is our way to end a switch.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true, allowNever: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidOperator: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // A port is async for all its adapters, though one of them has nothing to wait for.
      '@typescript-eslint/require-await': 'off',
      // Slow, and about what we do not have: enums and classes.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      '@typescript-eslint/no-unsafe-enum-comparison': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
    },
  },
  {
    files: ['src/**/*.ts', 'test/**/*.ts'],
    extends: [rxjsX.configs.strict],
    rules: { 'rxjs-x/no-ignored-default-value': 'off' }, // no value where one must come is an error
  },
  {
    files: ['src/**/*.ts', 'test/marbles/**/*.ts'],
    rules: {
      'rxjs-x/no-ignored-subscription': 'error',
      'cronstream/finnish': 'error',
    },
  },
  ...places,
  { files: ['bench/**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    // The tests' own freedoms: loose shapes in what they read back, and time that really passes.
    files: ['test/**/*.ts', 'bench/**'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'rxjs-x/no-ignored-error': 'off',
      // `response.json() as X` says as much as `response.json<X>()`.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      'no-console': 'off',
    },
  },
  {
    // Plain Node with types in comments: what is parsed there has no better type than any.
    files: ['scripts/**/*.mjs', '*.mjs'],
    rules: {
      'no-console': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
    },
  },
);
