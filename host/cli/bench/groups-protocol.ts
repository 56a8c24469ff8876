/** What the benchmark of many groups asks of its processes, and what they answer. */

import type { MemberInfo } from "../../core/configuration.js";

export type Ask =
  | {
      readonly ask: "start";
      readonly id: number;
      readonly members: readonly Required<Pick<MemberInfo, "id" | "address">>[];
      readonly groups: number;
      readonly folder: string;
      readonly quiesceRounds: number;
    }
  | { readonly ask: "status" }
  | {
      readonly ask: "load";
      /** Of the groups that this process leads: all, or the first. */
      readonly groups: "all" | "one";
      /** Commands under way in a group at any time. */
      readonly outstanding: number;
      readonly payload: number;
      readonly milliseconds: number;
    }
  | { readonly ask: "stop" };

export interface Status {
  /** Groups that this process leads. */
  readonly leads: number;
  /** Groups of which it knows a leader. */
  readonly led: number;
  /** Groups that rest here. */
  readonly quiet: number;
  /** CPU time that the process has used, in microseconds. */
  readonly cpuMicroseconds: number;
  readonly rssBytes: number;
  /** That before any group was placed. */
  readonly emptyRssBytes: number;
  readonly arenaBytes: number;
  readonly memoryPages: number;
  readonly syncs: number;
  /** Connections that this process has, whoever dialled. */
  readonly connections: number;
}

export interface Load {
  readonly commits: number;
  readonly refused: number;
}

export type Answer = Status | Load | undefined;

/** What is sent either way: an answer has the number of what was asked, and says what went wrong if it did. */
export interface Question {
  readonly number: number;
  readonly ask: Ask;
}

export interface Reply {
  readonly number: number;
  readonly answer?: Answer;
  readonly failure?: string;
}
