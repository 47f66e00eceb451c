import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

const SECRETS = [
  'password',
  'token',
  'authorization',
  'cookie',
  '*.password',
  '*.token',
  '*.authorization',
  '*.cookie',
  'req.headers.authorization',
  'req.headers.cookie',
];

/** The one logger of a process: readable text on a terminal, JSON on a pipe. Parts make children of it; there is no global one. */
export const createLogger = (level: string, isTerminal: boolean): Logger => {
  const options = { level, redact: SECRETS };
  // In this process and not in a thread of its own: what was logged before a crash has been written.
  return isTerminal
    ? pino(options, pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss.l', ignore: 'pid,hostname', sync: true }))
    : pino(options);
};
