/**
 * Reads the bodies of requests. What is too long is refused as soon as that is known and never gathered, and all bodies
 * together may take only so much memory.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { badRequest, tooLarge, unavailable } from "./refusal.js";

/** Bytes of bodies held at once, by requests that are read or wait for a leader. Some fifty of the longest ones. */
const MAX_HELD_BYTES = 64 << 20;
/** Bytes of a refused body that are read and thrown away, so that its sender, which may look for an answer only when it
 * has sent everything, gets to see the refusal instead of a connection reset. */
const MAX_DISCARDED_BYTES = 16 << 20;
/** ms that discarding may take. */
const MAX_DISCARD_MS = 2000;

/** The memory that bodies take. */
export class BodyBudget {
  #held = 0;

  constructor(private readonly limit = MAX_HELD_BYTES) {}

  get held(): number {
    return this.#held;
  }

  /** @throws {Refusal} when there is no room for as many bytes more. */
  take(bytes: number): void {
    if (this.#held + bytes > this.limit) {
      throw unavailable("busy", `requests under way hold ${this.#held} bytes already, as much as is allowed`);
    }
    this.#held += bytes;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}

/** Whether the sender sends the body only when it is told to: nothing of it is under way then. */
function senderWaits({ headers }: IncomingMessage): boolean {
  return headers.expect !== undefined;
}

export interface BodyLimits {
  /** What is being read, for the refusal. */
  readonly what: string;
  /** The most bytes it may have. */
  readonly maxBytes: number;
}

/**
 * Reads a whole body and lends it to `use`; its memory is accounted for until `use` has finished.
 * @throws {Refusal} when it is longer than allowed, cut short, or there is no room for it now.
 */
export async function withBody<T>(
  request: IncomingMessage,
  response: ServerResponse,
  { what, maxBytes }: BodyLimits,
  budget: BodyBudget,
  use: (body: Buffer) => Promise<T>,
): Promise<T> {
  const stated = Number(request.headers["content-length"] ?? 0);
  if (stated > maxBytes) throw tooLarge(what, maxBytes);
  if (senderWaits(request)) {
    response.writeContinue();
    delete request.headers.expect;
  }
  const body = new Gathering(what, maxBytes, budget);
  try {
    await body.read(request);
    return await use(body.bytes());
  } finally {
    body.release();
  }
}

class Gathering {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(
    private readonly what: string,
    private readonly maxBytes: number,
    private readonly budget: BodyBudget,
  ) {}

  bytes(): Buffer {
    const [first] = this.#chunks;
    return this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#length);
  }

  release(): void {
    this.budget.give(this.#length);
  }

  /** Not by `for await`: leaving such a loop destroys the connection, and with it the answer. */
  read(request: IncomingMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (chunk: Buffer) => {
        try {
          this.#take(chunk);
        } catch (error) {
          finish(() => reject(error));
        }
      };
      const end = () => finish(resolve);
      const cut = () => finish(() => reject(badRequest("the body was cut short")));
      const finish = (settle: () => void) => {
        request.off("data", take).off("end", end).off("error", cut).off("close", cut);
        request.pause();
        settle();
      };
      request.on("data", take).on("end", end).on("error", cut).on("close", cut);
    });
  }

  #take(chunk: Buffer): void {
    if (this.#length + chunk.length > this.maxBytes) throw tooLarge(this.what, this.maxBytes);
    this.budget.take(chunk.length);
    this.#length += chunk.length;
    this.#chunks.push(chunk);
  }
}

/** Reads on without keeping anything, within bounds. Resolves when the sender has finished, or was given up on. */
export function discardRest(request: IncomingMessage): Promise<void> {
  if (request.readableEnded || request.destroyed || senderWaits(request)) return Promise.resolve();
  return new Promise((resolve) => {
    let discarded = 0;
    const timer = setTimeout(resolve, MAX_DISCARD_MS);
    const finish = () => {
      clearTimeout(timer);
      resolve();
    };
    request.on("data", (chunk: Buffer) => {
      discarded += chunk.length;
      if (discarded > MAX_DISCARDED_BYTES) finish();
    });
    request.once("end", finish);
    request.once("close", finish);
    request.once("error", finish);
    request.resume();
  });
}
