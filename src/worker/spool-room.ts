import { statfs } from 'node:fs/promises';

/** Of what the spool has of its disk and could still have, this part stays free: for the outcomes of what runs, and for whoever else writes there. */
const SHARE_LEFT_FREE = 0.2;

/** What the spool may take on the disk, in bytes: what it was allowed, and on a smaller disk so much that a share of the disk stays free. It shrinks as others fill the disk. Where the free space
 *  is not known, what it was allowed. Pure. */
export const roomOf = ({
  allowedBytes,
  usedBytes,
  freeBytes,
}: {
  readonly allowedBytes: number;
  readonly usedBytes: number;
  readonly freeBytes: number | undefined;
}): number =>
  freeBytes === undefined ? allowedBytes : Math.min(allowedBytes, Math.floor((usedBytes + freeBytes) * (1 - SHARE_LEFT_FREE)));

/** What is free on the disk of a folder for a user that is not root. Undefined where the file system does not say. */
export const freeBytesAt = async (path: string): Promise<number | undefined> => {
  try {
    const { bavail, bsize, blocks } = await statfs(path);
    return blocks > 0 ? bavail * bsize : undefined;
  } catch {
    return undefined;
  }
};
