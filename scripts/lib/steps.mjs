// Steps with their seconds, and commands that are quiet until they fail. Node only: this runs before anything is installed.
import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** The root folder of the repository, without a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** A failure that the person at the terminal can act upon: its message is printed as it is, without a stack. */
export const failure = (/** @type {string} */ message) => Object.assign(new Error(message), { name: 'Failure' });

/**
 * @typedef {(text: string) => void} Note says something while a step goes on
 * @typedef {{ code: number, output: string }} Ended
 */

/** Seconds since `since` (of `performance.now()`), as text. */
export const secondsSince = (/** @type {number} */ since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/**
 * Does one step and prints its name at once and its seconds when it is done. What `act` throws goes on, after the line is ended.
 * @template T
 * @param {string} name
 * @param {(note: Note) => T | Promise<T>} act
 * @returns {Promise<T>}
 */
export async function step(name, act) {
  const since = performance.now();
  let open = true; // the line with the name has no end yet
  process.stdout.write(`${name} … `);
  const note = (/** @type {string} */ text) => {
    process.stdout.write(`${open ? '\n' : ''}  ${text}\n`);
    open = false;
  };
  try {
    const result = await act(note);
    process.stdout.write(`${open ? '' : `${name}: `}${secondsSince(since)}\n`);
    return result;
  } catch (error) {
    process.stdout.write(`${open ? '' : `${name}: `}failed after ${secondsSince(since)}\n`);
    throw error;
  }
}

/**
 * Runs a command without a terminal and collects what it prints, in the order of printing.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, onLine?: (line: string) => void }} [options]
 * @returns {Promise<Ended>} code 127 when there is no such command
 */
export const run = (command, args, { cwd = root, env = process.env, onLine } = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let rest = '';
    const take = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
      if (onLine === undefined) return;
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.on('error', (error) => resolve({ code: 127, output: `${output}${error.message}\n` }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });

/**
 * Runs a command that must succeed; its output is shown only when it does not.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 * @returns {Promise<string>} its output
 */
export async function mustRun(command, args, options) {
  const { code, output } = await run(command, args, options);
  if (code !== 0) throw failure(`${output}\n${[command, ...args].join(' ')} ended with code ${code}`);
  return output;
}

/**
 * The main function of a script: prints a failure without its stack and sets the exit code.
 * @param {() => Promise<number | void>} act answers the exit code, none for 0
 */
export async function main(act) {
  try {
    process.exitCode = (await act()) ?? 0;
  } catch (error) {
    const told =
      error instanceof Error && error.name === 'Failure' ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`\n${told}\n`);
    process.exitCode = 1;
  }
}
