/** The driven protocol on the posix port: what it refuses, how it says so, and what is left of it afterwards. */

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { NodeFormat, StatusCode } from "../../host/core/abi.js";
import { encodeConfiguration } from "../../host/core/configuration.js";
import { shippedCore } from "../../host/core/module.js";
import { CoreError } from "../../host/core/node.js";
import { MICRO_CAPACITY, type Plan, SERVER_CAPACITY } from "../../host/core/plan.js";
import { wasmFile } from "../../host/core/wasm-file.js";
import type { CoreEffects } from "../../sim/core-under-test.js";
import { DrivenFault } from "../../sim/driven/conversation.js";
import { DrivenPipe, DrivenProcessError } from "../../sim/driven/pipe.js";
import { FaultKind, FrameKind } from "../../sim/driven/protocol.js";
import { region } from "../../sim/driven/region.js";
import { DrivenCore } from "../../sim/driven-core.js";
import { engineCommand, engineIsBuilt } from "../../sim/engines.js";
import { V8Core } from "../../sim/v8-core.js";
import { type ModuleFunction, makeModule } from "./wasm-module.js";

const PLAN: Plan = { ...MICRO_CAPACITY, cluster: 7n, group: 0, id: 3 };
const ALONE = encodeConfiguration([{ id: PLAN.id }]);
const MASK = 0xffffffff | 0;

/** Takes everything: what is stored is durable at once. */
const OBLIGING: CoreEffects = {
  hardState: () => 1,
  truncate: () => 1,
  append: () => 1,
  compact: () => 1,
  read: () => 0,
  send: () => {},
  arm: () => {},
  cancel: () => {},
  apply: () => 0,
  readSnapshot: () => -1,
  writeSnapshot: () => 0,
  reads: () => {},
  event: () => {},
};

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-module-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(["wamr", "wamr-classic"] as const)("the driven core on %s", (engine) => {
  const built = engineIsBuilt(engine);

  /** Opens the port with options, until the test ends. */
  function open(...options: string[]): DrivenCore {
    const { program, args } = engineCommand(engine);
    const core = new DrivenCore(engine, { program, args: [...args, ...options] });
    onTestFinished(() => core.close());
    return core;
  }

  /** Opens it with another module, whose digest it is told. */
  function openWith(bytes: Uint8Array): DrivenCore {
    const file = join(folder, `${engine}.wasm`);
    writeFileSync(file, bytes);
    return open("--core", file, "--sha256", createHash("sha256").update(bytes).digest("hex"));
  }

  /** What opening fails with. */
  function faultOf(opened: () => unknown): DrivenFault {
    try {
      opened();
    } catch (error) {
      if (error instanceof DrivenFault) return error;
      throw error;
    }
    throw new Error("it was opened");
  }

  /** A module with all exports of the core, each of which traps but for those named. */
  function trapping(answers: Readonly<Record<string, number>>): ModuleFunction[] {
    const { exportNames } = open();
    const { exports } = new WebAssembly.Instance(shippedCore().module, noImports());
    return exportNames.map((name) => ({
      name,
      parameters: (exports[name] as (...words: number[]) => number).length,
      answer: answers[name] ?? null,
    }));
  }

  function noImports(): WebAssembly.Imports {
    const imports: Record<string, Record<string, () => number>> = {};
    for (const { module, name } of WebAssembly.Module.imports(shippedCore().module)) {
      imports[module] = { ...imports[module], [name]: () => 0 };
    }
    return imports;
  }

  it.skipIf(!built)("says which core it has and which interpreter", () => {
    const core = open();
    expect(core.sha256).toBe(shippedCore().sha256);
    expect(core.interpreter).toBe(engine === "wamr" ? "fast" : "classic");
  });

  it.skipIf(!built)("refuses a module with another digest than it was built for, and names both", () => {
    const bytes = new Uint8Array(readFileSync(wasmFile()));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const file = join(folder, "changed.wasm");
    writeFileSync(file, bytes);
    const fault = faultOf(() => open("--core", file));
    expect(fault.kind).toBe(FaultKind.DIGEST);
    expect(fault.message).toContain(shippedCore().sha256);
    expect(fault.message).toContain(createHash("sha256").update(bytes).digest("hex"));
  });

  it.skipIf(!built)("refuses a module of another ABI version", () => {
    const fault = faultOf(() => openWith(makeModule([{ name: "abiVersion", parameters: 0, answer: 99 }])));
    expect(fault.kind).toBe(FaultKind.ABI);
    expect(fault.message).toContain(`version 99, and not ${NodeFormat.ABI_VERSION}`);
  });

  it.skipIf(!built)("refuses a module that tells no version, and one without an export", () => {
    const silent = faultOf(() => openWith(makeModule([{ name: "status", parameters: 1, answer: 0 }])));
    expect([silent.kind, silent.message]).toEqual([FaultKind.ABI, expect.stringContaining("it tells no version")]);
    const version = { name: "abiVersion", parameters: 0, answer: NodeFormat.ABI_VERSION };
    const lacking = faultOf(() => openWith(makeModule([version])));
    expect([lacking.kind, lacking.message]).toEqual([FaultKind.ABI, expect.stringContaining("no export planBytes")]);
  });

  it.skipIf(!built)("refuses what is no module", () => {
    const bytes = new Uint8Array(readFileSync(wasmFile()));
    expect(faultOf(() => openWith(bytes.subarray(0, bytes.length >>> 1))).kind).toBe(FaultKind.MODULE);
    expect(faultOf(() => openWith(new Uint8Array(100))).kind).toBe(FaultKind.MODULE);
    expect(faultOf(() => openWith(new Uint8Array(0))).kind).toBe(FaultKind.MODULE);
  });

  it.skipIf(!built)("refuses a plan outside of the limits as V8 does, and one that does not fit its memory", () => {
    const core = open("--arena", "65536");
    const wrong = { ...PLAN, windowBytes: 8 };
    expect(() => core.create(wrong, OBLIGING, MASK)).toThrow(CoreError);
    expect(() => core.create({ ...PLAN, nodes: -1 }, OBLIGING, MASK)).toThrow(/nodes is -1/);
    const fault = faultOf(() => core.create({ ...PLAN, ...SERVER_CAPACITY }, OBLIGING, MASK));
    expect(fault.kind).toBe(FaultKind.ARENA);
    expect(fault.message).toMatch(/^node 3: .*bytes needed, 65536 in all/);
    // It goes on: a plan that fits is taken, again and again.
    for (let i = 0; i < 20; i++) core.create(PLAN, OBLIGING, MASK).release();
  });

  it.skipIf(!built)("runs nodes side by side, and out of memory refuses the next", () => {
    const core = open("--arena", "65536");
    const fault = faultOf(() => {
      for (let id = 1; ; id++) core.create({ ...PLAN, id }, OBLIGING, MASK);
    });
    expect(fault.kind).toBe(FaultKind.ARENA);
    expect(core.reset()).toBe(true);
    core.create(PLAN, OBLIGING, MASK);
  });

  it.skipIf(!built)("reports a trap with the node's id and the core's digest, and goes on", () => {
    const bytes = makeModule(trapping({ abiVersion: NodeFormat.ABI_VERSION, planBytes: 1024, init: 0, observe: 0 }));
    const core = openWith(bytes);
    const node = core.create(PLAN, OBLIGING, MASK);
    expect(() => node.flush(1)).toThrow(WebAssembly.RuntimeError);
    const digest = createHash("sha256").update(bytes).digest("hex");
    expect(() => node.flush(1)).toThrow(new RegExp(`^node 3: the core trapped.*unreachable in flush; core ${digest}`));
    node.release();
    core.create(PLAN, OBLIGING, MASK);
  });

  it.skipIf(!built)("elects a node that is alone, with the arena that V8 has", () => {
    const hashes = [open(), new V8Core()].map((core) => {
      const node = core.create(PLAN, OBLIGING, MASK);
      node.restoreSnapshot(0, 0, ALONE, 0);
      node.start(1);
      node.timer(5000, 0);
      node.flush(5000);
      node.timer(10_000, 0);
      while (node.flush(10_000) === StatusCode.MORE);
      expect(node.brokenInvariant()).toBe(0);
      return [node.state.role, node.state.commit, node.arenaHash()];
    });
    expect(hashes[0]).toEqual(hashes[1]);
  });

  it.skipIf(!built)("refuses messages that are too long without having been sent them", () => {
    const node = open().create(PLAN, OBLIGING, MASK);
    node.start(1);
    expect(node.receive(1, region(2 * PLAN.maxMessage), PLAN.maxMessage + 8)).toBe(StatusCode.OVERSIZED);
    expect(node.propose(new Uint8Array(node.maxPayload + 1))).toBe(StatusCode.TOO_LARGE);
  });

  it.skipIf(!built).each([
    ["an unknown request", FrameKind.QUIT + 100, []],
    ["a call of a node that is not there", FrameKind.CALL, [0, 0]],
    ["a node without a plan", FrameKind.CREATE, [0, 0]],
    ["a peek without a place", FrameKind.PEEK, []],
  ])("ends when the driver sends %s", (_, kind, words) => {
    const core = open();
    expect(() => core.conversation.request(kind, 0, words)).toThrow(/did not hold to the protocol/);
    expect(core.reset()).toBe(false);
  });

  it.skipIf(!built)("ends when a call has more words than an export takes, or more bytes than the inbox", () => {
    for (const words of [
      [0, 4000],
      [0, 0, ...new Array<number>(PLAN.maxMessage)],
    ]) {
      const core = open();
      core.create(PLAN, OBLIGING, MASK);
      expect(() => core.conversation.request(FrameKind.CALL, 0, words)).toThrow(DrivenProcessError);
    }
  });

  it.skipIf(!built)("is ended when an effect throws, and says so from then on", () => {
    const core = open();
    const failing = {
      ...OBLIGING,
      hardState: () => {
        throw new RangeError("thrown by an effect");
      },
    };
    const node = core.create(PLAN, failing, MASK);
    node.restoreSnapshot(0, 0, ALONE, 0);
    node.start(1);
    node.timer(5000, 0);
    expect(() => node.flush(5000)).toThrow("thrown by an effect");
    expect(() => node.flush(5000)).toThrow(DrivenProcessError);
  });
});

describe("a process at the end of a pipe", () => {
  it("is missed when there is none", () => {
    const pipe = new DrivenPipe({ program: join(tmpdir(), "no-such-program"), args: [] });
    expect(() => pipe.need(1)).toThrow(DrivenProcessError);
  });

  it("has what it complained about in the error", () => {
    const pipe = new DrivenPipe({ program: process.execPath, args: ["-e", "console.error('not today')"] });
    expect(() => pipe.need(1)).toThrow(/not today/);
  });
});
