/** Calls of a system may do only a part of what was asked of them, and do so without an error: these ask for the rest. */

/**
 * Reads `length` bytes, or as many as there are.
 * @param readSome reads from the byte of this number on, and answers how many it read; 0 at the end
 * @returns the bytes read
 */
export function readWhole(length: number, readSome: (from: number) => number): number {
  let done = 0;
  while (done < length) {
    const read = readSome(done);
    if (read === 0) break;
    done += read;
  }
  return done;
}

/**
 * Writes `length` bytes.
 * @param writeSome writes from the byte of this number on, and answers how many it wrote, at least one
 */
export async function writeWhole(length: number, writeSome: (from: number) => Promise<number>): Promise<void> {
  let done = 0;
  do done += await writeSome(done);
  while (done < length);
}
