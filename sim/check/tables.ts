/** All that the workers of a search share, and how much memory each part of it gets. */

import { AGENDA_BYTES, type AgendaBuffers, reserveAgenda } from "./agenda.js";
import type { CheckOptions } from "./options.js";
import { reserveTable, type TableBuffers } from "./shared-table.js";
import { worldWidth } from "./world.js";
import { bytesOfWorld, reserveWorlds, type WorldBuffers } from "./world-table.js";

/** Words of the search's own counters; see search.ts. */
export const CONTROL_WORDS = 2;

export interface SharedTables {
  readonly locals: TableBuffers;
  readonly messages: TableBuffers;
  readonly entries: TableBuffers;
  readonly sets: TableBuffers;
  readonly worlds: WorldBuffers;
  readonly agenda: AgendaBuffers;
  readonly control: SharedArrayBuffer;
}

const MIB = 2 ** 20;
/** Of the memory, the share of the nodes' states, and that of the sets of messages. Worlds get the rest. */
const LOCALS_SHARE = 0.15;
const SETS_SHARE = 0.15;
/** Typical sizes, in words: they divide the memory, and exceeding them only ends a search early. */
const LOCAL_WORDS = 100;
const SET_WORDS = 40;
/** Distinct messages and entries: few, as terms and logs are bounded. */
const MOST_MESSAGES = 1 << 18;
const MOST_ENTRIES = 1 << 16;

/** Reserves memory; it is touched only as it is used. */
export function reserveTables({ memory, nodes }: CheckOptions): SharedTables {
  const bytes = memory * MIB;
  const locals = Math.floor((bytes * LOCALS_SHARE) / (4 * LOCAL_WORDS));
  const sets = Math.floor((bytes * SETS_SHARE) / (4 * SET_WORDS));
  const width = worldWidth(nodes);
  const worlds = Math.floor((bytes * (1 - LOCALS_SHARE - SETS_SHARE)) / (bytesOfWorld(width) + AGENDA_BYTES));
  return {
    locals: reserveTable(locals, locals * LOCAL_WORDS),
    messages: reserveTable(MOST_MESSAGES, MOST_MESSAGES * 32),
    entries: reserveTable(MOST_ENTRIES, MOST_ENTRIES * 16),
    sets: reserveTable(sets, sets * SET_WORDS),
    worlds: reserveWorlds(worlds, width),
    agenda: reserveAgenda(worlds),
    control: new SharedArrayBuffer(CONTROL_WORDS * 4),
  };
}
