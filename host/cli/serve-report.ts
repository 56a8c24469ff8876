/**
 * What a `serve` process tells the process that started it, over Node's channel between the two, if there is one. When
 * the channel closes, the starter is gone, and the node stops as it would on SIGTERM.
 */

import * as v from "valibot";

const reportSchema = v.variant("kind", [
  /** HTTP is served and the node has recovered. */
  v.object({ kind: v.literal("serving") }),
  /** The node follows another leader; 0 for none. */
  v.object({ kind: v.literal("leader"), leader: v.number(), term: v.number() }),
]);

export type ServeReport = v.InferOutput<typeof reportSchema>;

/** Tells the starter, if there is one. */
export function report(message: ServeReport): void {
  // It may be gone already: that is told by the channel closing.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

/** Reads a report; undefined if it is none. */
export function readReport(message: unknown): ServeReport | undefined {
  const result = v.safeParse(reportSchema, message);
  return result.success ? result.output : undefined;
}
