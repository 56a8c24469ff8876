/** The numbers of the driven protocol, as firmware/include/metalraft/driven.h describes it. */

export const PROTOCOL = 1;

export const FrameKind = {
  HELLO: 1,
  CREATE: 2,
  CALL: 3,
  CALL_BYTES: 4,
  PEEK: 5,
  RELEASE: 6,
  QUIT: 7,
  ANSWER: 8,
  TAPE: 9,
  REPLY: 16,
  FAULT: 17,
  /** Plus the import's number. */
  EFFECT: 64,
} as const;

/** Flags of a CALL's kind. */
export const FrameFlag = { CHECK: 0x1000, DIGEST: 0x2000 } as const;

/** What a TAPE asks for. */
export const TapeRequest = { END: 0, BEGIN: 1, MARK: 2 } as const;

/** What a FAULT says went wrong: metalraft_fault_kind of core.h. */
export const FaultKind = {
  DIGEST: 1,
  MODULE: 2,
  ABI: 3,
  PLAN: 4,
  ARENA: 5,
  TRAP: 6,
  INVARIANT: 7,
  LENGTH: 8,
} as const;

/** Bytes before what follows in a frame, and in a reply. */
export const FRAME_HEADER = 8;
export const REPLY_HEADER = 16;
/** In the reply to a CREATE, before the Node. */
export const CREATED_HEADER = 8;
