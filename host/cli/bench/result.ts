/** What a benchmark reports: one row, with what was measured and under which load. */

export interface BenchResult {
  readonly name: string;
  /** Bytes of a command. */
  readonly payload: number;
  /** Commands proposed before each flush, or clients at work at once. */
  readonly batch: number;
  readonly nsPerOp: number;
  readonly opsPerSec: number;
  /** Calls between host and core, both directions and all nodes, for one operation; null where no core is counted. */
  readonly crossingsPerOp: number | null;
  /** Bytes that the host copied for one operation; null where not counted. */
  readonly bytesCopiedPerOp: number | null;
  /** What else is worth knowing, by name. */
  readonly extra?: Readonly<Record<string, number | string>>;
}

/** A row from a count of operations and the time they took. */
export function timed(
  row: Omit<BenchResult, "nsPerOp" | "opsPerSec">,
  operations: number,
  nanoseconds: number,
): BenchResult {
  const nsPerOp = nanoseconds / operations;
  return { ...row, nsPerOp, opsPerSec: 1e9 / nsPerOp };
}

/** The median of several measurements of the same thing: a shared machine disturbs some of them. */
export function median(results: readonly BenchResult[]): BenchResult {
  const sorted = [...results].sort((a, b) => a.nsPerOp - b.nsPerOp);
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) throw new RangeError("no measurement");
  return middle;
}

function figure(value: number | null, digits: number): string {
  return value === null ? "" : value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** The rows as a table for people. */
export function formatResults(results: readonly BenchResult[]): string {
  const head = ["benchmark", "payload", "batch", "ns/op", "ops/s", "crossings/op", "bytes copied/op"];
  const rows = results.map((row) => [
    row.name,
    figure(row.payload, 0),
    figure(row.batch, 0),
    figure(row.nsPerOp, row.nsPerOp < 1000 ? 1 : 0),
    figure(row.opsPerSec, 0),
    figure(row.crossingsPerOp, 2),
    figure(row.bytesCopiedPerOp, 0),
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  const notes = results
    .filter((row) => row.extra !== undefined)
    .map(
      (row) =>
        `${row.name}: ${Object.entries(row.extra ?? {})
          .map(([name, value]) => `${name} ${value}`)
          .join(", ")}`,
    );
  return [line(head), ...rows.map(line), ...notes].join("\n");
}
