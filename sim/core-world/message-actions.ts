/** What can be done to the messages of a world: those on links, those that are held up, and such as nobody sent. */

import { Header } from "../../host/core/abi.js";
import type { CoreState } from "../core-under-test.js";
import { toText } from "../trace/step.js";
import { Action } from "./action.js";
import { damage } from "./damage.js";
import { type Envelope, isOfThisVersion, kindOf, type Link } from "./network.js";
import type { SimNode } from "./sim-node.js";
import type { World } from "./world.js";

/** The rule that whatever is malformed, or of another version, does nothing. */
const REFUSALS = "malformed messages are refused";

export class MessageActions {
  constructor(readonly world: World) {}

  /** Delivers the message at a position of a link; to a node that is down it is lost. */
  deliver(link: Link, position: number): number {
    const { world } = this;
    if (world.tap !== null) this.#tell("DELIVER", link, position);
    if (position > 0) world.counts.overtakes++;
    const envelope = world.network.take(link, position);
    world.begin(Action.DELIVER, envelope.serial, envelope.to);
    const node = world.node(envelope.to);
    const status = isOfThisVersion(envelope) ? this.#receive(node, envelope) : this.#refuse(node, envelope);
    world.network.pool.release(envelope);
    return status;
  }

  /** Delivers the message at a position of a link in such a state that it has to be refused; see damage.ts. */
  corrupt(link: Link, position: number, way: number, draw: number): number {
    const { counts, network, tap } = this.world;
    if (tap !== null) this.world.note({ do: "CORRUPT", ...nameOf(link.messages, position), way, draw });
    const envelope = network.take(link, position);
    this.world.begin(Action.CORRUPT, envelope.serial, envelope.to);
    damage(envelope, way, draw);
    const node = this.world.node(link.to);
    if (position > 0) counts.overtakes++;
    if (node.isUp) counts.damaged++;
    const status = this.#refuse(node, envelope);
    network.pool.release(envelope);
    return status;
  }

  /** Delivers a message that the test made. */
  inject(message: Uint8Array): number {
    const { network, tap } = this.world;
    if (tap !== null) this.world.note({ do: "INJECT", message: toText(message) });
    const bytes = new Uint8Array((message.length + 7) & ~7);
    bytes.set(message);
    const region = { bytes, words: new Int32Array(bytes.buffer) };
    const to = region.words[4] as number;
    const envelope = network.pool.fill(region.words[3] as number, to, region, 0, message.length, false);
    this.world.begin(Action.DELIVER, envelope.serial, to);
    const status = this.#receive(this.world.node(to), envelope);
    network.pool.release(envelope);
    return status;
  }

  drop(link: Link, position: number): void {
    const { counts, network, tap } = this.world;
    if (tap !== null) this.#tell("DROP", link, position);
    const envelope = network.take(link, position);
    this.world.begin(Action.DROP, envelope.serial, envelope.to);
    counts.dropped++;
    network.pool.release(envelope);
  }

  duplicate(link: Link, position: number): void {
    if (this.world.tap !== null) this.#tell("DUPLICATE", link, position);
    this.world.begin(Action.DUPLICATE, position, link.to);
    this.world.network.duplicate(link, position);
  }

  /** Takes a message off its link; it arrives after it is let go. */
  holdUp(link: Link, position: number): Envelope {
    if (this.world.tap !== null) this.#tell("HOLD_UP", link, position);
    const envelope = this.world.network.holdUp(link, position);
    this.world.begin(Action.HOLD_UP, envelope.serial, envelope.to);
    return envelope;
  }

  /** Lets the message at a position of those that are held up go on. */
  letGo(position: number): void {
    const { counts, network, tap } = this.world;
    if (tap !== null) this.world.note({ do: "LET_GO", ...nameOf(network.heldUp, position) });
    const envelope = network.letGo(position);
    this.world.begin(Action.LET_GO, envelope.serial, envelope.to);
    if (!this.isOld(envelope)) return;
    counts.arrivedInLaterTerm++;
    if (envelope.isCopy) counts.copiesInLaterTerm++;
  }

  /** Whether a message is of an earlier term than its receiver, which runs. */
  isOld(envelope: Envelope): boolean {
    const node = this.world.node(envelope.to);
    return node.isUp && termOf(envelope) < node.core.state.term;
  }

  #receive(node: SimNode, envelope: Envelope): number {
    if (!node.isUp) return 0;
    return this.world.done(node, node.receive(envelope));
  }

  /** A message that a receiver can tell to be none for it: nothing may come of it. */
  #refuse(node: SimNode, envelope: Envelope): number {
    if (!node.isUp) return 0;
    const before: CoreState = { ...node.core.state };
    const status = node.receive(envelope);
    const { state } = node.core;
    if (status >= 0) this.world.report(REFUSALS, `node ${node.id} takes a message that is none, with status ${status}`);
    for (const field of Object.keys(before) as (keyof CoreState)[]) {
      if (state[field] === before[field]) continue;
      this.world.report(
        REFUSALS,
        `node ${node.id} changes ${field} from ${before[field]} to ${state[field]} by what it refuses`,
      );
    }
    this.world.counts.refused++;
    return this.world.done(node, status);
  }

  /** Tells of what happens to a message; of one that is not there, whoever is asked for it tells. */
  #tell(what: "DELIVER" | "DROP" | "DUPLICATE" | "HOLD_UP", link: Link, position: number): void {
    if (position < link.messages.length) this.world.note({ do: what, ...nameOf(link.messages, position) });
  }
}

/** The term in a message's header. */
function termOf({ words }: Envelope): number {
  const low = Header.term >> 2;
  return (words[low + 1] as number) * 2 ** 32 + ((words[low] as number) >>> 0);
}

/** What names the message at a position: its place is that among those of its link and kind. */
function nameOf(messages: readonly Envelope[], position: number) {
  const envelope = messages[position];
  if (envelope === undefined) throw new RangeError(`there is no message ${position}`);
  const { from, nth, to } = envelope;
  const kind = kindOf(envelope);
  const isAlike = (other: Envelope) => other.from === from && other.to === to && kindOf(other) === kind;
  return { from, to, kind, nth, at: messages.slice(0, position).filter(isAlike).length };
}
