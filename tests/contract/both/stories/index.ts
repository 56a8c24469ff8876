/** All stories, by subject. */

import type { Story } from "../story.js";
import { combinations } from "./combinations.js";
import { election } from "./election.js";
import { joint } from "./joint.js";
import { membership } from "./membership.js";
import { reads } from "./reads.js";
import { replication } from "./replication.js";
import { rest } from "./rest.js";
import { restart } from "./restart.js";
import { sessions } from "./sessions.js";
import { snapshots } from "./snapshots.js";
import { transfer } from "./transfer.js";
import { witnesses } from "./witness.js";

export const STORIES: Readonly<Record<string, readonly Story[]>> = {
  election,
  replication,
  restart,
  snapshots,
  membership,
  joint,
  transfer,
  reads,
  witnesses,
  rest,
  sessions,
  combinations,
};
