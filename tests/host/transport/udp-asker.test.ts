/** Asks over UDP against a board that keeps of each lane the newest ask, as the firmware does, on a network that loses and
 * repeats. Time is the test's. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Header } from "../../../host/core/abi.js";
import { ASK_LANES, type AskAnswer, AskKind, AskStatus, decodeAnswer } from "../../../host/transport/udp-ask.js";
import { type AskOutcome, UdpAsker } from "../../../host/transport/udp-asker.js";

const CLUSTER = 7n;
const BOARD = 2;
const SERVER = 1;
/** A life of the asker. */
const LIFE = 1000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The answer to an ask, as a board puts it together. */
function answerTo(
  ask: Uint8Array,
  fields: { status?: number; result?: number; index?: number; text?: string },
): Uint8Array {
  const { index = 0, result = 0, status = 0, text = "" } = fields;
  const bytes = new Uint8Array(80 + text.length);
  bytes.set(ask.subarray(0, 56));
  bytes.set(new TextEncoder().encode(text), 80);
  const view = new DataView(bytes.buffer);
  view.setUint8(Header.kind, view.getUint8(Header.kind) | 0x80);
  view.setUint32(Header.length, bytes.length, true);
  view.setUint32(Header.from, view.getUint32(Header.to, true), true);
  view.setUint32(Header.to, SERVER, true);
  view.setInt32(56, status, true);
  view.setInt32(60, result, true);
  view.setBigUint64(64, BigInt(index), true);
  view.setUint32(72, BOARD, true);
  return bytes;
}

interface Row {
  life: number;
  number: number;
  answer: Uint8Array | undefined;
}

/** Does every ask once, and answers it when it is told to. */
class FakeBoard {
  readonly done: string[] = [];
  readonly asker: UdpAsker;
  readonly rows = new Map<number, Row>();
  /** How many of the datagrams to come are lost on their way. */
  losing = 0;
  /** Answers at once. */
  prompt = true;

  constructor(life = LIFE) {
    this.asker = new UdpAsker({ id: SERVER, cluster: CLUSTER, life, send: (_to, message) => this.receive(message) });
  }

  propose(command: string, timeout = 5000): Promise<AskOutcome> {
    const payload = new TextEncoder().encode(command);
    return this.asker.ask({ to: BOARD, kind: AskKind.PROPOSE, term: 3, payload, timeout });
  }

  receive(ask: Uint8Array): void {
    if (this.losing > 0) {
      this.losing -= 1;
      return;
    }
    const view = new DataView(ask.buffer);
    const [life, lane, number] = [
      Number(view.getBigUint64(40, true)),
      view.getUint32(48, true),
      view.getUint32(52, true),
    ];
    const row = this.rows.get(lane);
    if (row !== undefined && life < row.life) {
      this.reply(answerTo(ask, { status: AskStatus.OLD_LIFE, index: row.life }));
    } else if (row !== undefined && life === row.life && number <= row.number) {
      if (number === row.number) this.reply(row.answer);
    } else {
      this.done.push(new TextDecoder().decode(ask.subarray(56)));
      const answer = answerTo(ask, { index: this.done.length });
      this.rows.set(lane, { life, number, answer: this.prompt ? answer : undefined });
      if (this.prompt) this.reply(answer);
      else this.late.push([lane, answer]);
    }
  }

  /** Answers that are owed. */
  readonly late: [number, Uint8Array][] = [];

  /** Answers the oldest that is owed. */
  finish(): void {
    const [lane, answer] = this.late.shift() ?? [0, undefined];
    const row = this.rows.get(lane);
    if (row !== undefined) row.answer = answer;
    this.reply(answer);
  }

  reply(answer: Uint8Array | undefined): void {
    if (answer === undefined) return;
    // As over a network: not while the ask is being sent.
    queueMicrotask(() => {
      if (this.losing > 0) this.losing -= 1;
      else this.asker.received(answer);
    });
  }
}

function indexOf(outcome: AskOutcome): number {
  if (outcome.kind !== "answered") throw new Error(`${outcome.kind}, and not answered`);
  return outcome.answer.index;
}

describe("an ask", () => {
  it("is answered", async () => {
    const board = new FakeBoard();
    const outcome = await board.propose("a");
    expect(outcome).toMatchObject({
      kind: "answered",
      sent: 1,
      answer: { from: BOARD, leader: BOARD, status: 0, index: 1 },
    });
  });

  it.each([1, 2, 3, 6])("is done once, and answered, though %i datagrams are lost", async (losses) => {
    const board = new FakeBoard();
    board.losing = losses;
    const outcome = board.propose("a");
    await vi.advanceTimersByTimeAsync(2000);
    expect(indexOf(await outcome)).toBe(1);
    expect(board.done).toEqual(["a"]);
  });

  it("is repeated while it is under way, and done once", async () => {
    const board = new FakeBoard();
    board.prompt = false;
    const outcome = board.propose("slow");
    await vi.advanceTimersByTimeAsync(1000);
    board.finish();
    expect(indexOf(await outcome)).toBe(1);
    expect(board.done).toEqual(["slow"]);
  });

  it("is given up in time, and says whether it was sent", async () => {
    const board = new FakeBoard();
    board.losing = 1000;
    const outcomes = Array.from({ length: ASK_LANES + 1 }, (_, n) => board.propose(`${n}`, n < ASK_LANES ? 400 : 300));
    await vi.advanceTimersByTimeAsync(400);
    const sent = (await Promise.all(outcomes)).map((outcome) =>
      outcome.kind === "silent" ? outcome.sent > 0 : undefined,
    );
    expect(sent).toEqual([...Array(ASK_LANES).fill(true), false]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("waits for a lane, and goes in order", async () => {
    const board = new FakeBoard();
    board.prompt = false;
    const names = Array.from({ length: ASK_LANES + 3 }, (_, n) => `${n}`);
    const outcomes = names.map((name) => board.propose(name));
    expect(board.done).toEqual(names.slice(0, ASK_LANES));
    for (const _ of names) {
      board.finish();
      await vi.advanceTimersByTimeAsync(0);
    }
    expect((await Promise.all(outcomes)).map(indexOf)).toEqual(names.map((_, n) => n + 1));
    expect(board.done).toEqual(names);
  });

  it("is refused when too many wait", async () => {
    const board = new FakeBoard();
    board.prompt = false;
    const outcomes = Array.from({ length: 200 }, (_, n) => board.propose(`${n}`, 100));
    await vi.advanceTimersByTimeAsync(100);
    const busy = (await Promise.all(outcomes)).filter(({ kind }) => kind === "busy");
    expect(busy).toHaveLength(200 - ASK_LANES - 128);
  });

  it("goes on in a higher life when the board knows a later one, and is done once", async () => {
    const board = new FakeBoard();
    board.rows.set(0, { life: LIFE + 5, number: 9, answer: undefined });
    expect(indexOf(await board.propose("a"))).toBe(1);
    expect(indexOf(await board.propose("b"))).toBe(2);
    expect(board.done).toEqual(["a", "b"]);
    expect(board.rows.get(0)?.life).toBe(LIFE + 6);
  });

  it("is not waited for much longer once another leads", async () => {
    const board = new FakeBoard();
    board.prompt = false;
    const outcome = board.propose("a", 60_000);
    board.asker.leaderChanged(3);
    await vi.advanceTimersByTimeAsync(5000);
    board.asker.leaderChanged(4);
    await vi.advanceTimersByTimeAsync(500);
    expect((await outcome).kind).toBe("silent");
  });

  it("takes no answer that is another's", async () => {
    const board = new FakeBoard();
    board.prompt = false;
    const outcome = board.propose("a", 1000);
    const [[, right] = [0, new Uint8Array(0)]] = board.late;
    const changed = (at: number, byte: number) => {
      const copy = right.slice();
      copy[at] = byte;
      return copy;
    };
    // Magic, version, kind, length, sender, life, lane, number.
    const wrong = [
      [0, 0],
      [2, 9],
      [3, 0x81],
      [8, 1],
      [12, 9],
      [40, 1],
      [48, 3],
      [52, 9],
    ].map(([at, byte]) => changed(at ?? 0, byte ?? 0));
    for (const answer of [...wrong, right.slice(0, 79), right.slice(0, 20)]) board.asker.received(answer);
    await vi.advanceTimersByTimeAsync(1000);
    expect((await outcome).kind).toBe("silent");
  });
});

it("an answer is read field by field", () => {
  const ask = new Uint8Array(56);
  const view = new DataView(ask.buffer);
  view.setUint16(0, 0x514d, true);
  view.setUint8(2, 1);
  view.setUint8(3, AskKind.STATUS);
  view.setUint32(16, BOARD, true);
  view.setBigUint64(32, 8n, true);
  view.setBigUint64(40, 9n, true);
  view.setUint32(48, 1, true);
  view.setUint32(52, 2, true);
  expect(decodeAnswer(answerTo(ask, { status: -32, result: 3, index: 4, text: "{}" }))).toEqual({
    ...{ kind: AskKind.STATUS, from: BOARD, term: 8, life: 9, lane: 1, number: 2 },
    ...{ status: -32, result: 3, index: 4, leader: BOARD, text: "{}" },
  } satisfies AskAnswer);
  expect(decodeAnswer(ask)).toBeUndefined();
});
