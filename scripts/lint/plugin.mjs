// Our own lint rules: the directions of imports, and the homes of time, of subscriptions and of key names.
import { relative, sep } from 'node:path';
import { root } from '../lib/steps.mjs';
import { refusedImport } from './boundaries.mjs';

/** @typedef {import('eslint').Rule.RuleModule} RuleModule */

/** @type {RuleModule} */
const imports = {
  create(context) {
    const file = relative(root, context.filename).split(sep).join('/');
    const check = (/** @type {any} */ node) => {
      const source = node.source?.value ?? node.argument?.literal?.value;
      const message = typeof source === 'string' ? refusedImport(file, source) : undefined;
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
      TSImportType: check,
    };
  },
};

/** @type {RuleModule} */
const clock = {
  create: (context) => ({
    ':matches(NewExpression, CallExpression)[callee.name="Date"][arguments.length=0]': (/** @type {any} */ node) =>
      context.report({ node, message: 'Time has one home, src/streams/clock.ts: pass it in.' }),
  }),
};

/**
 * An operator of our own may subscribe inside `new Observable(…)`: there the subscriber owns it.
 * @type {RuleModule}
 */
const subscribe = {
  create: (context) => ({
    'CallExpression[callee.property.name="subscribe"]': (/** @type {any} */ node) => {
      const isOwned = context.sourceCode
        .getAncestors(node)
        .some((/** @type {any} */ one) => one.type === 'NewExpression' && one.callee.name === 'Observable');
      const message =
        'Only src/cli/serve and the live socket subscribe: return the stream to them (or own it in a new Observable).';
      if (!isOwned) context.report({ node, message });
    },
  }),
};

/** @type {RuleModule} */
const keys = {
  create: (context) => ({
    ':matches(Literal[value=/^.cron(.|$)/], TemplateElement[value.raw=/^.cron(.|$)/])': (/** @type {any} */ node) => {
      const text = String(node.value?.raw ?? node.value);
      if (/^\/cron(\/|$)/.test(text)) context.report({ node, message: 'Keys are named in src/domain/keys.ts.' });
    },
  }),
};

const STREAMS = /^(Observable|Subject|BehaviorSubject|ReplaySubject|AsyncSubject|GroupedObservable|ConnectableObservable)$/;

/**
 * `$` at the end of the name of a stream, and of nothing else. (rxjs-x/finnish asks it of functions in constants as well.)
 * @type {RuleModule}
 */
const finnish = {
  create(context) {
    const { esTreeNodeToTSNodeMap, program } = context.sourceCode.parserServices;
    const checker = program.getTypeChecker();
    const isStream = (/** @type {any} */ type) =>
      type.isUnion() ? type.types.some(isStream) : STREAMS.test(type.symbol?.name ?? '');
    const isUnknown = (/** @type {any} */ type) =>
      type.intrinsicName === 'any' || type.intrinsicName === 'error' || type.isTypeParameter();
    const check = (/** @type {any} */ node) => {
      if (node?.type === 'AssignmentPattern') check(node.left);
      if (node?.type !== 'Identifier') return;
      const type = checker.getTypeAtLocation(esTreeNodeToTSNodeMap.get(node));
      if (isUnknown(type) || isStream(type) === node.name.endsWith('$')) return;
      const message = isStream(type) ? `${node.name} is a stream: ${node.name}$.` : `${node.name} is no stream: without the $.`;
      context.report({ node, message });
    };
    const checkParameters = (/** @type {any} */ node) => node.params.forEach(check);
    return {
      VariableDeclarator: (/** @type {any} */ node) => check(node.id),
      ':function': checkParameters,
      TSFunctionType: checkParameters,
      TSPropertySignature: (/** @type {any} */ node) => check(node.key),
    };
  },
};

/** The plugin `cronstream`. */
export const cronstream = { rules: { imports, clock, subscribe, keys, finnish } };
