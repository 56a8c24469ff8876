/**
 * A space-time diagram of a run of the host world, in text: a column for each node, time (ms) downwards, a line for each
 * fault that was injected and for what changed in an event: who is up, who campaigns, who leads. A lane is "|" while its
 * node follows, ":" while it campaigns, "#" while it leads, and empty while it is down. "*" marks whom a fault befalls,
 * "o" the receiver of a message that it befalls. What is committed stands beside the lanes before each fault:
 *
 *                     1      2      3
 *      1043.2         #17    |17    |16     committed
 *      1052.7         |      *      |       power: power fails after 7 calls of the disk
 */

import { type CoreModule, shippedCore } from "../../host/core/module.js";
import type { Host } from "./host.js";
import { type HostReplayOptions, replayHostTrace } from "./replay.js";
import type { Injection, Script } from "./script.js";
import type { HostTrace } from "./trace.js";
import type { HostWorld } from "./world.js";

/** Characters of a column, and of the time. */
const COLUMN = 7;
const TIME = 12;
const MICROSECONDS = 1000;
const LANES = { FOLLOWER: "|", PRE_CANDIDATE: ":", CANDIDATE: ":", LEADER: "#" } as const;
const DOWN = " ";
const GONE = { role: undefined, term: 0, commit: 0 };
/** Most lines; what comes behind them is left out, and it is said. */
const MOST_LINES = 20_000;

/** What is drawn of a node. */
interface Seen {
  readonly state: Host["state"];
  /** Undefined while it is down. */
  readonly role: keyof typeof LANES | undefined;
  readonly term: number;
  readonly commit: number;
}

/** Draws a trace: lines of text. */
export async function drawHostTrace(
  trace: HostTrace,
  core: CoreModule = shippedCore(),
  options: Pick<HostReplayOptions, "sabotage"> = {},
): Promise<string[]> {
  const drawing = new Drawing();
  const onStep = (world: HostWorld, script: Script) => drawing.step(world, script);
  const { result } = await replayHostTrace(trace, core, { ...options, onStep });
  const { commits, detail, recovery, rule } = result;
  const recovered = recovery === null ? "" : `, recovered within ${recovery.toFixed(1)} election timeouts`;
  const end = rule === null ? `no rule broken, ${commits} entries committed${recovered}` : `broken: ${rule}: ${detail}`;
  return [...drawing.lines(), "", ...end.split("\n")];
}

class Drawing {
  readonly #lines: string[] = [];
  #seen: Seen[] = [];
  /** What was last drawn of what is committed. */
  #committed: readonly number[] = [];
  #injections = 0;
  #time = 0;

  lines(): string[] {
    const ids = this.#seen.map((_, i) => `${i + 1}`.padEnd(COLUMN)).join("");
    const cut = this.#lines.length === MOST_LINES ? [`... only the first ${MOST_LINES} lines are drawn`] : [];
    return [`${"ms".padEnd(TIME)}${ids}`.trimEnd(), ...this.#lines, ...cut];
  }

  /** Draws what an event came to. */
  step({ hosts, queue }: HostWorld, { taken }: Script): void {
    this.#time = queue.now;
    const now = hosts.map(see);
    // Those of the beginning are no news.
    const before = this.#seen.length === 0 ? hosts.map(({ state }) => ({ state, ...GONE })) : this.#seen;
    this.#seen = before;
    if (taken.length > this.#injections) this.#commits();
    for (const injection of taken.slice(this.#injections)) {
      const lanes = this.#seen.map((seen, i) => markOf(injection, i + 1) ?? laneOf(seen));
      this.#line(lanes, describeInjection(injection));
    }
    this.#injections = taken.length;
    this.#seen = now;
    for (const [i, seen] of now.entries()) {
      const changes = changesOf(before[i], seen);
      if (changes !== "") this.#line(now.map(laneOf), `${i + 1} ${changes}`);
    }
  }

  #commits(): void {
    const committed = this.#seen.map(({ commit }) => commit);
    if (committed.every((commit, i) => commit === (this.#committed[i] ?? 0))) return;
    this.#committed = committed;
    this.#line(
      this.#seen.map((seen) => `${laneOf(seen)}${seen.role === undefined ? "" : seen.commit}`),
      "committed",
    );
  }

  #line(lanes: readonly string[], text: string): void {
    if (this.#lines.length >= MOST_LINES) return;
    const time = (this.#time / MICROSECONDS).toFixed(1);
    this.#lines.push(`${time.padEnd(TIME)}${lanes.map((lane) => lane.padEnd(COLUMN)).join("")}${text}`.trimEnd());
  }
}

function see({ state, up }: Host): Seen {
  if (up === undefined) return { state, ...GONE };
  const { commit, role, term } = up.node.status;
  return { state, role, term, commit };
}

function changesOf(before: Seen | undefined, now: Seen): string {
  const changes: string[] = [];
  if (before === undefined) changes.push("is there");
  if (before !== undefined && now.state !== before.state) changes.push(`is ${now.state}`);
  if (now.role === undefined) return [...changes, ...(before?.role === undefined ? [] : ["is down"])].join(", ");
  if (before?.role === undefined) changes.push("is up");
  if (now.role !== before?.role) changes.push(`becomes ${now.role}`);
  if (now.term !== before?.term) changes.push(`has term ${now.term}`);
  return changes.join(", ");
}

function laneOf({ role }: Seen): string {
  return role === undefined ? DOWN : LANES[role];
}

/** How the lane of a node shows that a fault befalls it. */
function markOf({ node, to }: Injection, id: number): string | undefined {
  if (node === id || node === 0) return "*";
  return to === id ? "o" : undefined;
}

/** A fault in words. */
function describeInjection({ fault, what }: Injection): string {
  return what === undefined ? fault : `${fault}: ${what}`;
}
