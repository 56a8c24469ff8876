/** Snapshots are written in pieces, so that a node can do something else after each. */

import type { FieldWriter } from "./bytes.js";

/** Bytes from which on a piece is handed out: few enough to be made in a moment, and enough to be worth a write. */
const PIECE_BYTES = 64 << 10;

/**
 * A u32 count of items and then each item, made when it is asked for. The items must not change until then.
 * @param open a writer for the next piece.
 */
export function* inPieces<Writer extends FieldWriter, Item>(
  open: () => Writer,
  items: readonly Item[],
  write: (writer: Writer, item: Item) => void,
): Generator<Uint8Array> {
  let piece = open();
  piece.u32(items.length);
  for (const item of items) {
    if (piece.length >= PIECE_BYTES) {
      yield piece.finish();
      piece = open();
    }
    write(piece, item);
  }
  yield piece.finish();
}
