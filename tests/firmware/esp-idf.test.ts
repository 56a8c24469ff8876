/**
 * The ESP-IDF project, without ESP-IDF: its settings and partitions add up, its sources compile for every target against
 * stubs of the interfaces that they use, and a program of those sources boots on fakes, keeps its log in a partition in
 * RAM, and answers on its console.
 */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { shippedCore } from "../../host/core/module.js";
import {
  defaultsOf,
  OWN_KCONFIG,
  type Partition,
  PROJECT,
  partitions,
  sdkconfigHeader,
  symbolsOf,
  TARGETS,
} from "./esp-idf.js";

/** WAMR as the posix port was built with it. */
const BUILT = fileURLToPath(new URL("../../build/firmware/posix-fast/", import.meta.url));
const FIRMWARE = join(PROJECT, "../..");
const WAMR = wamrRoot();
const SECTOR = 4096;
const MIB = 1024 * 1024;

/** Settings of ESP-IDF's own that the project sets: which of its components' Kconfig files has each. */
const ESP_IDF = {
  PARTITION_TABLE_CUSTOM: "partition_table/Kconfig.projbuild",
  PARTITION_TABLE_CUSTOM_FILENAME: "partition_table/Kconfig.projbuild",
  ESPTOOLPY_FLASHSIZE_4MB: "esptool_py/Kconfig.projbuild",
  FREERTOS_HZ: "freertos/Kconfig",
  LWIP_UDP_RECVMBOX_SIZE: "lwip/Kconfig",
  ESP_DEFAULT_CPU_FREQ_MHZ_160: "esp_system/port/soc/<target>/Kconfig.cpu",
  ESP_DEFAULT_CPU_FREQ_MHZ_240: "esp_system/port/soc/<target>/Kconfig.cpu",
};

const CONSOLES = ["ESP_CONSOLE_UART_DEFAULT", "ESP_CONSOLE_USB_SERIAL_JTAG"];

/** On a PC: a network and a cluster of one, on a port that the system chooses. */
const CHOSEN = {
  METALRAFT_WIFI_SSID: '"a network"',
  METALRAFT_WIFI_PASSWORD: '"secret"',
  METALRAFT_MEMBERS: '"1=127.0.0.1:7400"',
  METALRAFT_PORT: "0",
  METALRAFT_ELECTION_TIMEOUT: "100",
  METALRAFT_LED_PIN: "5",
  ESP_CONSOLE_UART_DEFAULT: "y",
};

/** Bytes of an interpreter's stack with which a node starts and then traps. */
const TRAP_STACK = 1024;
/** What the fakes end with when the board restarts. */
const RESTARTED = 3;

function wamrRoot(): string | undefined {
  if (!existsSync(join(BUILT, "libvmlib.a"))) return undefined;
  return /^WAMR_ROOT:PATH=(.+)$/m.exec(readFileSync(join(BUILT, "CMakeCache.txt"), "utf8"))?.[1];
}

function partition(name: string): Partition {
  const found = partitions().find((row) => row.name === name);
  if (found === undefined) throw new Error(`there is no partition ${name}`);
  return found;
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "metalraft-esp-idf-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the partitions", () => {
  it("lie behind the partition table, on their boundaries, one behind the other, within 4 MiB", () => {
    let end = 0x9000;
    for (const { name, offset, size, type } of partitions()) {
      expect([name, offset % (type === "app" ? 0x10000 : SECTOR), size % SECTOR]).toEqual([name, 0, 0]);
      expect([name, offset]).toEqual([name, end]);
      end = offset + size;
    }
    expect(end).toBeLessThanOrEqual(4 * MIB);
    for (const target of TARGETS) expect(defaultsOf(target).get("ESPTOOLPY_FLASHSIZE_4MB")).toBe("y");
  });

  it("have the log's under the name and type that the sources look for", () => {
    const header = readFileSync(join(PROJECT, "main/flash_partition.h"), "utf8");
    const name = /FLASH_PARTITION_NAME "(\w+)"/.exec(header)?.[1] ?? "";
    expect(partition(name)).toMatchObject({ type: "data", subtype: "undefined" });
  });
});

describe.each(TARGETS)("the settings for %s", (target) => {
  it("are ones that exist", () => {
    const unknown = [...defaultsOf(target).keys()].filter((name) => !name.startsWith("WAMR_") && !(name in ESP_IDF));
    expect(unknown).toEqual([]);
  });

  it.skipIf(WAMR === undefined)("name WAMR's options, and leave none on that the core does not need", () => {
    const kconfig = readFileSync(join(WAMR ?? "", "build-scripts/esp-idf/wamr/Kconfig"), "utf8");
    const known = symbolsOf(kconfig);
    const own = [...defaultsOf(target)].filter(([name]) => name.startsWith("WAMR_"));
    expect(own.filter(([name]) => !known.has(name))).toEqual([]);
    const isOnByItself = [...kconfig.matchAll(/config (WAMR_ENABLE_\w+)\n\s+bool .*\n\s+default y/g)];
    const on = isOnByItself.flatMap(([, name = ""]) => (defaultsOf(target).get(name) === "n" ? [] : [name]));
    expect(on).toEqual(["WAMR_ENABLE_INTERP"]);
  });

  it("are all that the sources ask for", () => {
    const main = join(PROJECT, "main");
    const sources = readdirSync(main).filter((name) => /\.[ch]$|CMakeLists/.test(name));
    const text = sources.map((name) => readFileSync(join(main, name), "utf8")).join("\n");
    const known = new Set([...symbolsOf(OWN_KCONFIG), ...CONSOLES, "ESP_CONSOLE_UART_CUSTOM", "WAMR_INTERP_FAST"]);
    const asked = [...text.matchAll(/\bCONFIG_(\w+)/g)].map(([, name]) => name as string);
    expect(asked.filter((name) => !known.has(name))).toEqual([]);
    for (const name of symbolsOf(OWN_KCONFIG)) expect(asked).toContain(name);
  });

  it.each(CONSOLES)("compile, with the console on %s", (device) => {
    const settings = join(folder, `${target}-${device}`);
    mkdirSync(settings);
    writeFileSync(join(settings, "sdkconfig.h"), sdkconfigHeader(target, { [device]: "y" }));
    const parts = ["include", "base", "flash", "frame", "kv", "node", "ports/posix"].map((part) =>
      join(FIRMWARE, part),
    );
    const includes = [settings, join(PROJECT, "test/stubs"), join(PROJECT, "main"), ...parts].map(
      (path) => `-I${path}`,
    );
    const own = readdirSync(join(PROJECT, "main")).filter((name) => name.endsWith(".c"));
    const sources = own.map((name) => join(PROJECT, "main", name));
    const flags = ["-std=gnu99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"];
    const { status, stderr } = spawnSync("cc", [...flags, "-DMETALRAFT_SHA256=0,", ...includes, ...sources], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

/** The board on fakes. */
class FakeBoard {
  log = "";
  readonly ended: Promise<number | null>;
  readonly #input: NodeJS.WritableStream;
  readonly #answers: AsyncIterator<string>;

  constructor(program: string, flash: string) {
    const child = spawn(join(folder, "build", program), [flash], { stdio: ["pipe", "pipe", "pipe"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    this.#input = child.stdin;
    // What is typed when it has ended.
    this.#input.on("error", () => undefined);
    this.#answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.on("data", (text: Buffer) => {
      this.log += text.toString();
    });
    this.ended = new Promise((resolve) => child.once("close", resolve));
  }

  /** Types a line; resolves with its answer, or "gone". */
  async type(line: string): Promise<string> {
    this.#input.write(`${line}\n`);
    const { done, value } = await this.#answers.next();
    return done === true ? "gone" : value;
  }

  /** Types a line until its answer matches. */
  async until(line: string, wanted: RegExp): Promise<string> {
    for (;;) {
      const answer = await this.type(line);
      if (wanted.test(answer) || answer === "gone") return answer;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async leads(): Promise<void> {
    await this.until("status", /"role":"LEADER"/);
  }

  /** Cuts the power; its partition is kept. */
  async cut(): Promise<number | null> {
    this.#input.end();
    return await this.ended;
  }
}

describe.skipIf(WAMR === undefined)("a board on fakes", () => {
  beforeAll(() => {
    writeFileSync(join(folder, "sdkconfig.h"), sdkconfigHeader("esp32c3", CHOSEN));
    const settings = {
      WAMR_INCLUDE: join(WAMR ?? "", "core/iwasm/include"),
      WAMR_LIBRARY: join(BUILT, "libvmlib.a"),
      SDKCONFIG: folder,
      PARTITION: partition("raftlog").size,
      TRAP_STACK,
    };
    const given = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
    const build = join(folder, "build");
    execFileSync("cmake", ["-S", join(PROJECT, "test"), "-B", build, ...given], { stdio: "pipe" });
    execFileSync("cmake", ["--build", build, "--parallel", "2"], { stdio: "pipe" });
  }, 120_000);

  it("says which core it runs, joins by Wi-Fi, leads, and answers", async () => {
    const board = new FakeBoard("smoke", join(folder, "first.flash"));
    await board.leads();
    expect(board.log).toContain(`node 1, core ${shippedCore().sha256}, fast interpreter`);
    expect(await board.type("!wifi")).toBe("init mode config:a network:0 awake start connect connect");
    expect(board.log).toContain("this board's address is 127.0.0.1");
    expect(await board.type("members")).toBe("1 voter 127.0.0.1:7400");
    expect(await board.type("put greeting hello world")).toMatch(/^ok \d+$/);
    expect(await board.type("get greeting")).toMatch(/^value \d+ hello world$/);
    expect(await board.type("get nothing")).toBe("none");
    expect(await board.type(`put long ${"x".repeat(600)}`)).toBe("refused: the line is too long");
    expect(await board.type("bogus")).toBe("there is no such command");
    expect(await board.cut()).toBe(0);
  });

  it("finds its log after a loss of power", async () => {
    const flash = join(folder, "second.flash");
    const board = new FakeBoard("smoke", flash);
    await board.leads();
    // More than the log holds, so that snapshots are taken.
    for (let i = 0; i < 400; i++) expect(await board.type(`put key${i % 8} value-${i}`)).toMatch(/^ok \d+$/);
    const status = JSON.parse(await board.type("status")) as { snapshots: number };
    expect(status.snapshots).toBeGreaterThan(0);
    expect(await board.cut()).toBe(0);
    const again = new FakeBoard("smoke", flash);
    await again.leads();
    for (let i = 392; i < 400; i++) {
      expect(await again.type(`get key${i % 8}`)).toMatch(new RegExp(`^value \\d+ value-${i}$`));
    }
    await again.cut();
  });

  it("lights the LED while it leads, and blinks", async () => {
    const board = new FakeBoard("smoke", join(folder, "led.flash"));
    await board.leads();
    const lit = await board.until("!led", /^1 /);
    const changes = Number(lit.split(" ").at(-1));
    await board.type("put a b");
    const after = await board.until("!led", new RegExp(`^1 after (?!${changes}$)`));
    expect(Number(after.split(" ").at(-1))).toBeGreaterThanOrEqual(changes + 2);
    await board.cut();
  });

  it("goes on when the network is lost, and asks for it again", async () => {
    const board = new FakeBoard("smoke", join(folder, "lost.flash"));
    await board.leads();
    const calls = await board.type("!wifi");
    await board.type("!lose");
    expect(await board.type("!wifi")).toBe(`${calls} connect`);
    expect(await board.type("put a b")).toMatch(/^ok/);
    await board.cut();
  });

  it("stops when its flash fails, and says so on the console", async () => {
    const board = new FakeBoard("smoke", join(folder, "worn.flash"));
    await board.leads();
    await board.type("!break");
    await board.type("put a b");
    expect(await board.until("status", /^refused/)).toMatch(/^refused: node 1: flash: .*replace it/);
    expect(await board.cut()).toBe(0);
  });

  it("does not start on a partition that holds something else", async () => {
    const flash = join(folder, "foreign.flash");
    writeFileSync(flash, Buffer.alloc(partition("raftlog").size, "a file system, say"));
    const board = new FakeBoard("smoke", flash);
    expect(await board.until("status", /^refused: node/)).toMatch(/^refused: node 1: flash: .*format it/);
    await board.cut();
    expect(readFileSync(flash).includes("a file system, say")).toBe(true);
  });

  it("says why and restarts when the core traps", async () => {
    const board = new FakeBoard("smoke_trap", join(folder, "trap.flash"));
    expect(await board.ended).toBe(RESTARTED);
    expect(board.log).toMatch(/node 1: .*trapped.*stack overflow/);
    expect(board.log).toContain(shippedCore().sha256);
  });
});
