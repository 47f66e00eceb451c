// Runs a program in the place of this one: its terminal, its exit code, and each signal exactly once.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { performance } from 'node:perf_hooks';
import process from 'node:process';

// One Ctrl-C reaches this process twice, from the terminal and again from npm, which forwards what it gets.
const SAME_SIGNAL_MS = 500;

/**
 * Runs `command` until it ends and answers its exit code (128 + the signal's number when a signal ended it).
 * The program gets a session of its own, so that the terminal's Ctrl-C comes to this process only, which passes it on once. This
 * process stays until the program has ended, however often it is asked to end. A closed terminal (SIGHUP) is passed on as SIGTERM.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ stdin?: 'inherit' | 'ignore', env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<number>}
 */
export const handOver = (command, args, { stdin = 'inherit', env = process.env } = {}) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: [stdin, 'inherit', 'inherit'], env, detached: true });
    /** @type {Map<NodeJS.Signals, number>} */
    const passedAt = new Map();
    const passOn = (/** @type {NodeJS.Signals} */ received) => {
      const signal = received === 'SIGHUP' ? 'SIGTERM' : received;
      const now = performance.now();
      if (now - (passedAt.get(signal) ?? -Infinity) < SAME_SIGNAL_MS) return;
      passedAt.set(signal, now);
      child.kill(signal);
    };
    /** @type {readonly NodeJS.Signals[]} */
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, passOn);
    const done = () => signals.forEach((signal) => process.off(signal, passOn));
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('exit', (code, signal) => {
      done();
      resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
    });
  });
