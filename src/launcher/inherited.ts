import { closeSync, fstatSync, readdirSync, readFileSync } from 'node:fs';

const CLOSE_ON_EXEC = 0o2000000;

/** Closes what the process that started this one had open and did not mean for it: files (a store opens its own so) and sockets, and whatever else would be open in a
 *  command. To be called before this process opens any: what Node has open for itself (epoll, events, pipes) is closed on exec and is neither file nor socket. Node marks what it
 *  inherits as well, but stops at the first gap above 15. */
export const closeInherited = (): void => {
  for (const name of readdirSync('/proc/self/fd')) {
    const fd = Number(name);
    if (fd <= 2) continue;
    try {
      const stat = fstatSync(fd);
      if (stat.isFile() || stat.isSocket() || stat.isDirectory() || !isClosedOnExec(name)) closeSync(fd);
    } catch {
      // the descriptor of the listing itself
    }
  }
};

const isClosedOnExec = (fd: string): boolean => {
  const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) !== 0;
};
