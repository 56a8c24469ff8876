/** The README's example of embedding does what its comments say, with the package as it is built. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { findFreePorts } from "../../host/cli/ports.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

let folder: string | undefined;

afterEach(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

it("the README's embedding example runs in fifteen lines", async () => {
  const block = /```js\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, "README.md"), "utf8"))?.[1];
  if (block === undefined) throw new Error("README.md has no block of js");
  expect(
    block
      .trim()
      .split("\n")
      .filter((line) => line !== "").length,
  ).toBeLessThanOrEqual(15);
  const [port] = await findFreePorts("127.0.0.1", 18_001, 1);
  folder = mkdtempSync(join(tmpdir(), "metalraft-readme-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(ROOT, join(folder, "node_modules", "metalraft"));
  writeFileSync(join(folder, "example.mjs"), block.replaceAll("7001", String(port)));
  const printed = execFileSync(process.execPath, ["example.mjs"], { cwd: folder, encoding: "utf8", timeout: 20_000 });
  expect(printed.trim()).toBe(/\/\/ (\d+)$/m.exec(block.trim())?.[1]);
});
