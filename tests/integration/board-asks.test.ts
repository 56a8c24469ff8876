/** What a firmware node makes of what servers ask over UDP: each ask is done once, however often it arrives. */

import { createSocket, type Socket } from "node:dgram";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { MemberRole, StatusCode } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { encodeLimited } from "../../host/kv/command.js";
import { type Ask, type AskAnswer, AskKind, AskStatus, decodeAnswer, encodeAsk } from "../../host/transport/udp-ask.js";
import { decodeDatagram, encodeDatagram } from "../../host/transport/udp-frame.js";
import { Board, boardIsBuilt, freeUdpPorts } from "./board.js";
import { eventually, temporaryFolder } from "./harness.js";

const CLUSTER = 77n;
const HOST = "127.0.0.1";
/** ms in which a board that would answer has done so. */
const SILENCE_MS = 150;
const ASKER = 9;

class Lone {
  readonly answers: AskAnswer[] = [];

  private constructor(
    readonly board: Board,
    private readonly socket: Socket,
    private readonly port: number,
  ) {
    socket.on("message", (datagram) => {
      const message = decodeDatagram(datagram, 2000);
      const answer = typeof message === "string" ? undefined : decodeAnswer(message);
      if (answer !== undefined) this.answers.push(answer);
    });
  }

  /** A cluster of one board, which leads, and a socket to ask it from. */
  static async start(): Promise<Lone> {
    const [port = 0] = await freeUdpPorts(1);
    const flash = join(temporaryFolder(), "1.flash");
    const board = new Board({ id: 1, cluster: CLUSTER, port, flash, members: `1=${HOST}:${port}` });
    await board.start();
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve));
    onTestFinished(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    const lone = new Lone(board, socket, port);
    await lone.term();
    return lone;
  }

  /** The term in which it leads. */
  term(): Promise<number> {
    return eventually("the board to lead", async () => {
      const status = await this.board.status();
      return status?.role === "LEADER" ? status.term : undefined;
    });
  }

  send(message: Uint8Array): void {
    this.socket.send(encodeDatagram(message), this.port, HOST);
  }

  ask(fields: Partial<Ask>): void {
    const usual = { kind: AskKind.PROPOSE, cluster: CLUSTER, from: ASKER, to: 1, term: 1, life: 5, lane: 0, number: 1 };
    this.send(encodeAsk({ ...usual, payload: put("k", "v"), ...fields }));
  }

  /** Asks, and waits for one more answer. */
  async asked(fields: Partial<Ask>): Promise<AskAnswer> {
    const { lane = 0, number = 1 } = fields;
    const count = this.answers.length;
    this.ask(fields);
    const isIts = (answer: AskAnswer) => answer.lane === lane && answer.number === number;
    return await eventually("an answer", () => this.answers.slice(count).find(isIts));
  }

  /** What came within a while. */
  async heard(): Promise<readonly AskAnswer[]> {
    const count = this.answers.length;
    await new Promise((resolve) => setTimeout(resolve, SILENCE_MS));
    return this.answers.slice(count);
  }
}

function put(key: string, value: string): Uint8Array {
  return encodeLimited({ kind: "put", key, value: new TextEncoder().encode(value) }, 4096);
}

describe.skipIf(!boardIsBuilt)("an ask", () => {
  it("is done once, and answered as the first time", async () => {
    const lone = await Lone.start();
    const term = await lone.term();
    const first = await lone.asked({ term });
    expect(first).toMatchObject({
      status: StatusCode.OK,
      result: 0,
      from: 1,
      leader: 1,
      term,
      life: 5,
      lane: 0,
      number: 1,
    });
    for (let n = 0; n < 3; n++) expect(await lone.asked({ term })).toEqual(first);
    // At once and many times, before it is done.
    for (let n = 0; n < 5; n++) lone.ask({ term, number: 2, payload: put("k", "w") });
    expect((await lone.asked({ term, number: 2 })).index).toBe(first.index + 1);
    expect((await lone.asked({ term, number: 3 })).index).toBe(first.index + 2);
    expect((await lone.board.status())?.commit).toBe(first.index + 2);
    // What is older than the newest of its lane is from a network that was slow.
    lone.ask({ term, number: 1 });
    expect(await lone.heard()).toEqual([]);
    expect((await lone.asked({ term, lane: 3, number: 1 })).index).toBe(first.index + 3);
  });

  it("of an earlier life is not done, and hears of the later one", async () => {
    const lone = await Lone.start();
    const term = await lone.term();
    const { index } = await lone.asked({ term, life: 6, number: 4 });
    expect(await lone.asked({ term, life: 5, number: 9 })).toMatchObject({
      status: AskStatus.OLD_LIFE,
      index: 6,
      number: 9,
    });
    expect((await lone.asked({ term, life: 7, number: 1 })).index).toBe(index + 1);
  });

  it("is refused in a term in which the board does not lead, before and after a restart", async () => {
    const lone = await Lone.start();
    const term = await lone.term();
    for (const other of [0, term - 1, term + 1]) {
      expect(await lone.asked({ term: other })).toMatchObject({ status: StatusCode.NOT_LEADER, leader: 1, term });
    }
    await lone.asked({ term });
    await lone.board.kill();
    await lone.board.start();
    await lone.term();
    // It has forgotten what it did, and so must not do it again.
    expect(await lone.asked({ term })).toMatchObject({ status: StatusCode.NOT_LEADER });
    expect((await lone.board.status())?.keys).toBe(1);
  });

  it("is refused when there are lanes of too many askers", async () => {
    const lone = await Lone.start();
    const term = await lone.term();
    for (let n = 0; n < 16; n++) {
      expect((await lone.asked({ term, from: 10 + Math.floor(n / 4), lane: n % 4 })).status).toBe(StatusCode.OK);
    }
    expect((await lone.asked({ term, from: 20 })).status).toBe(StatusCode.BUSY);
    expect((await lone.asked({ term, from: 13, lane: 3, number: 2 })).status).toBe(StatusCode.OK);
  });

  it("changes the members from the configuration that it knows, and from no other", async () => {
    const lone = await Lone.start();
    const term = await lone.term();
    const [, row = ""] = /voter (\S+)/.exec(await lone.board.ask("members")) ?? [];
    const kind = AskKind.RECONFIGURE;
    const wanted = encodeConfiguration([
      { id: 1, address: row },
      { id: 2, roles: MemberRole.LEARNER, address: `${HOST}:9` },
    ]);
    const payload = (base: number, bytes = wanted) => {
      const made = new Uint8Array(8 + bytes.length);
      new DataView(made.buffer).setBigUint64(0, BigInt(base), true);
      made.set(bytes, 8);
      return made;
    };
    expect((await lone.asked({ term, kind, payload: payload(9) })).status).toBe(StatusCode.CHANGE_PENDING);
    const none = payload(0, encodeConfiguration([]));
    expect((await lone.asked({ term, kind, number: 2, payload: none })).status).toBe(StatusCode.BAD_CONFIGURATION);
    expect((await lone.asked({ term, kind, number: 3, payload: new Uint8Array(3) })).status).toBe(
      StatusCode.BAD_CONFIGURATION,
    );
    expect(await lone.asked({ term, kind, number: 4, payload: payload(0) })).toMatchObject({ status: 0, index: 2 });
    expect(await lone.board.ask("members")).toBe(`1 voter ${row}, 2 learner ${HOST}:9`);
    const transfer = { term, kind: AskKind.TRANSFER, number: 5 };
    expect((await lone.asked({ ...transfer, payload: new Uint8Array(4) })).status).toBe(StatusCode.UNKNOWN_NODE);
    expect((await lone.asked({ ...transfer, number: 6, payload: new Uint8Array(5) })).status).toBe(
      StatusCode.UNKNOWN_NODE,
    );
  });

  it("tells how the board is, whoever leads", async () => {
    const lone = await Lone.start();
    const answer = await lone.asked({ kind: AskKind.STATUS, term: 0, payload: new Uint8Array(0) });
    expect(JSON.parse(answer.text)).toEqual(await lone.board.status());
  });

  it("that is none is passed over", async () => {
    const lone = await Lone.start();
    const term = await lone.term();
    const usual = { cluster: CLUSTER, from: ASKER, to: 1, term, life: 5, lane: 0, number: 1, payload: put("k", "v") };
    const good = encodeAsk({ ...usual, kind: AskKind.PROPOSE });
    const changed = (at: number, byte: number) => {
      const copy = good.slice();
      copy[at] = byte;
      return copy;
    };
    // Version, kinds, another board, another cluster, nobody, a lane that is none.
    for (const [at, byte] of [
      [2, 2],
      [3, 0],
      [3, 5],
      [3, 0x82],
      [16, 2],
      [24, 1],
      [12, 0],
      [48, 4],
    ] as const) {
      lone.send(changed(at, byte));
    }
    for (let length = 0; length < 56; length++) lone.send(good.slice(0, length));
    expect(await lone.heard()).toEqual([]);
    expect(await lone.board.status()).toMatchObject({ role: "LEADER", keys: 0 });
  });
});
