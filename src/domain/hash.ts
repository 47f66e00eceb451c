/** The one hash of cronstream: ranks, jitter and schedule hashes come from it, on every worker of every version. Frozen: test/unit/domain/hash.test.ts
 *  pins its answers. 53 bits of cyrb53 (bryc, public domain) over UTF-16 code units. */
export const hash53 = (text: string, seed = 0): number => {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
};

/** 26 hexadecimal digits: two of the hashes above, for texts that must not collide by chance. */
export const hashText = (text: string): string =>
  [hash53(text, 1), hash53(text, 2)].map((each) => each.toString(16).padStart(14, '0').slice(-13)).join('');

/** A number in (0, 1), never an end of it. */
export const hashUnit = (text: string): number => (hash53(text) + 0.5) / 2 ** 53;
