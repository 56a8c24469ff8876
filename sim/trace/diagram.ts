/**
 * A space-time diagram of a trace, in text: a column for each node, time downwards, a line for each step. What a step leads
 * to stands below it: who leads, what is committed, what is sent. A lane is "|" while its node follows, ":" while it
 * campaigns, "#" while it leads, and empty while it is down. Messages are drawn where they arrive:
 *
 *           1      2      3
 *    4      #------>o      |    1 -> 2 APPEND t1 prev=0/0 entries=1:1(NOOP) commit=0
 */

import { Role, RoleName } from "../../host/core/abi.js";
import type { CoreUnderTest } from "../core-under-test.js";
import { DAMAGE_NAMES } from "../core-world/damage.js";
import type { SimNode } from "../core-world/sim-node.js";
import type { World } from "../core-world/world.js";
import { describeMessage } from "../messages.js";
import { type Replayed, replayTrace } from "./replay.js";
import type { Step } from "./step.js";
import type { Trace } from "./trace.js";
import { describeStep } from "./words.js";

/** Characters of a column, and of a step's number. */
const COLUMN = 7;
const LANES: Readonly<Record<number, string>> = {
  [Role.FOLLOWER]: "|",
  [Role.PRE_CANDIDATE]: ":",
  [Role.CANDIDATE]: ":",
  [Role.LEADER]: "#",
};
const DOWN = " ";
/** What is done with a message, where it is not delivered as it is. */
const WORDS = {
  DROP: "drop",
  DUPLICATE: "duplicate",
  HOLD_UP: "hold up",
  LET_GO: "let go",
  CORRUPT: "deliver",
} as const;

/** What is drawn of a node. */
interface Seen {
  readonly isUp: boolean;
  readonly role: number;
  readonly term: number;
  readonly commit: number;
}

/** Draws a trace: lines of text. */
export function drawTrace(trace: Trace, core: CoreUnderTest): string[] {
  const drawing = new Drawing();
  const replayed = replayTrace(trace, core, {
    onOpen: (world) => drawing.begin(world),
    tap: (step) => drawing.step(step),
    onTaken: () => drawing.consequences(),
  });
  drawing.consequences();
  return [...drawing.lines, ...conclude(replayed)];
}

function conclude({ verdict, world }: Replayed): string[] {
  const { explanation, recovery, violation } = verdict;
  if (violation !== null) return ["", violation.split("\n  ")[0] ?? ""];
  if (explanation !== null) return ["", `not linearizable: ${explanation}`];
  const recovered = recovery === null ? "" : `, recovered within ${recovery.timeouts} election timeouts`;
  return ["", `no rule broken, ${world.committed} entries committed${recovered}`];
}

class Drawing {
  readonly lines: string[] = [];
  #world: World | null = null;
  #steps = 0;
  #seen: Seen[] = [];
  /** The newest message that was drawn. */
  #serial = 0;

  begin(world: World): void {
    this.#world = world;
    this.#seen = world.nodes.map(see);
    this.lines.push(`${"".padEnd(COLUMN)}${world.nodes.map(({ id }) => `${id}`.padEnd(COLUMN)).join("")}`.trimEnd());
  }

  step(step: Step): void {
    const world = this.#open();
    const lanes = world.nodes.map(laneOf);
    let text = describeStep(step);
    if ("nth" in step) {
      const message = messageOf(world, step);
      text = step.do === "DELIVER" ? message : `${WORDS[step.do]} ${message}`;
      if (step.do === "CORRUPT") text += ` with ${DAMAGE_NAMES[step.way] ?? "damage"}`;
    }
    this.#line(`${++this.#steps}`, step.do === "DELIVER" ? arrow(lanes, step.from, step.to) : mark(lanes, step), text);
  }

  /** Draws what has changed since the last time. */
  consequences(): void {
    const world = this.#open();
    for (const [i, node] of world.nodes.entries()) {
      const changes = changesOf(this.#seen[i] ?? see(node), see(node));
      if (changes !== "") this.#line("", world.nodes.map(laneOf), `  ${node.id} ${changes}`);
    }
    this.#seen = world.nodes.map(see);
    for (const envelope of world.network.underWay()) {
      if (envelope.serial <= this.#serial) continue;
      this.#serial = envelope.serial;
      this.#line("", world.nodes.map(laneOf), `  sent: ${describeMessage(envelope.bytes)}`);
    }
  }

  #open(): World {
    if (this.#world === null) throw new Error("the drawing has no world yet");
    return this.#world;
  }

  #line(number: string, lanes: readonly string[], text: string): void {
    this.lines.push(`${number.padEnd(COLUMN)}${lanes.map((lane) => lane.padEnd(COLUMN)).join("")}${text}`.trimEnd());
  }
}

function see(node: SimNode): Seen {
  if (!node.isUp) return { isUp: false, role: 0, term: 0, commit: 0 };
  const { commit, role, term } = node.core.state;
  return { isUp: true, role, term, commit };
}

function changesOf(before: Seen, now: Seen): string {
  if (!now.isUp) return before.isUp ? "is down" : "";
  const changes: string[] = [];
  if (!before.isUp) changes.push("is up");
  if (now.role !== before.role) changes.push(`becomes ${RoleName[now.role] ?? now.role}`);
  if (now.term !== before.term) changes.push(`has term ${now.term}`);
  if (now.commit !== before.commit) changes.push(`commits up to ${now.commit}`);
  return changes.join(", ");
}

function laneOf(node: SimNode): string {
  return node.isUp ? (LANES[node.core.state.role] ?? "?") : DOWN;
}

/** The lanes with an arrow from one node to another. */
function arrow(lanes: readonly string[], from: number, to: number): string[] {
  const left = Math.min(from, to) - 1;
  const right = Math.max(from, to) - 1;
  return lanes.map((lane, i) => {
    if (i < left || i > right) return lane;
    if (i === right) return from < to ? "o" : lane;
    const line = "-".repeat(COLUMN - 2);
    if (i === left) return from < to ? `${lane}${line}${right === i + 1 ? ">" : "-"}` : `o<${line}`;
    return i === right - 1 && from < to ? `-${line}>` : `--${line}`;
  });
}

/** The lanes with the node marked that a step is about. */
function mark(lanes: readonly string[], step: Step): readonly string[] {
  if (!("node" in step)) return lanes;
  return lanes.map((lane, i) => (i === step.node - 1 || step.node === 0 ? "*" : lane));
}

function messageOf({ network }: World, { from, nth, to }: { from: number; nth: number; to: number }): string {
  const envelope = network.underWay().find((one) => one.nth === nth && one.from === from && one.to === to);
  return envelope === undefined ? `${from} -> ${to}` : describeMessage(envelope.bytes);
}
