/**
 * Keeps the transport's peers in step with the configuration in force: whom it brings is dialed before the first message
 * to them leaves, whom it drops is let go once that is committed, as until then it may roll back.
 */

import { type ConfigurationInfo, decodeConfiguration, type MemberInfo } from "../core/configuration.js";
import type { CoreNode } from "../core/node.js";
import type { NodeId, Transport } from "../transport/transport.js";

export class Dialing {
  readonly #core: CoreNode;
  readonly #transport: Transport;
  readonly #onConfiguration: ((configuration: ConfigurationInfo) => void) | undefined;
  /** Where each peer is dialed. */
  readonly #dialed = new Map<NodeId, string>();
  /** Addresses for members that have none in the configuration. */
  readonly #given = new Map<NodeId, string>();
  /** Index of the configuration that was looked at last. */
  #index = -1;
  #changed = false;
  /** Peers that the configuration looked at last does not have wait for its commit. */
  #dropsWait = false;

  constructor(
    core: CoreNode,
    transport: Transport,
    given: readonly MemberInfo[],
    onConfiguration: ((configuration: ConfigurationInfo) => void) | undefined,
  ) {
    this.#core = core;
    this.#transport = transport;
    this.#onConfiguration = onConfiguration;
    for (const { address, id } of given) if (address !== undefined) this.#given.set(id, address);
  }

  /** Whom to reach before any configuration is known. */
  begin(): void {
    if (this.#core.members === 0) for (const [id, address] of this.#given) this.#dial(id, address);
    this.refresh();
  }

  /** The core told of another configuration: perhaps at the index of the one before, which it replaced. */
  configurationChanged(): void {
    this.#changed = true;
  }

  /** Looks whether another configuration is in force. Called around each flush. */
  refresh(): void {
    const { configurationIndex } = this.#core;
    if (configurationIndex !== this.#index || this.#changed) this.#adopt(configurationIndex);
    if (this.#dropsWait && this.#core.commit >= this.#index) this.#drop();
  }

  #adopt(index: number): void {
    this.#index = index;
    this.#changed = false;
    // The first one that a joining node had may be removed again: then nothing tells whom to let go.
    this.#dropsWait = this.#core.members > 0;
    if (!this.#dropsWait) return;
    const configuration = decodeConfiguration(this.#core.configuration);
    for (const { address, id } of configuration.members) {
      const place = address === "" ? this.#given.get(id) : address;
      if (place !== undefined) this.#dial(id, place);
    }
    queueMicrotask(() => this.#onConfiguration?.(configuration));
  }

  #dial(id: NodeId, address: string): void {
    if (id === this.#core.plan.id || this.#dialed.get(id) === address) return;
    this.#dialed.set(id, address);
    this.#transport.addPeer(id, address);
  }

  #drop(): void {
    this.#dropsWait = false;
    const members = new Set(decodeConfiguration(this.#core.configuration).members.map(({ id }) => id));
    for (const id of [...this.#dialed.keys()]) {
      if (members.has(id)) continue;
      this.#dialed.delete(id);
      this.#transport.removePeer(id);
    }
  }
}
