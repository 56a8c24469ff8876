/**
 * The one way into everything a checkout can do, on a machine with Node and nothing else:
 *
 *   node host/tools/run.mjs <task> [arguments]
 *
 * It installs the dependencies, builds what is stale and then does the task. The scripts in package.json lead here.
 * Before the check of Node's version nothing may be imported that an older Node does not have.
 */

const OLDEST_NODE = 20;

const USAGE = `usage: node host/tools/run.mjs <task> [arguments]

  start [arguments]     build, then run a three-node durable cluster on loopback (metalraft cluster)
  cli [arguments]       build, then run the metalraft command
  test [part ...]       build, then run all tests, or the named parts of them
  build                 compile the core and the TypeScript, as far as they are stale
  generate [--check]    write (or compare) what is generated from assembly/abi/
  lint                  lint and check the format of everything
  format                rewrite everything in the project's format
  package-smoke         pack the npm package, install it in a temporary folder and use it
`;

/** How often to look whether npm is still there, in ms. */
const NPM_CHECK_INTERVAL = 500;

/**
 * Ends this process when the npm that started it has ended. npm passes a signal on to its shell alone, and a shell that
 * dies of it leaves this process behind. (A signal from the terminal reaches this process directly, once.)
 */
function endWithNpm() {
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, NPM_CHECK_INTERVAL).unref();
}

/** @param {readonly string[]} args Arguments of the metalraft command, which from here on is this process. */
async function becomeCli(args) {
  const { buildOrThrow } = await import("./build.mjs");
  await buildOrThrow();
  const main = new URL("../../dist/host/cli/main.js", import.meta.url);
  const { fileURLToPath } = await import("node:url");
  endWithNpm();
  process.argv = [process.execPath, fileURLToPath(main), ...args];
  await import(main.href);
}

/** @type {Record<string, (args: readonly string[]) => Promise<void>>} */
const TASKS = {
  start: (args) => becomeCli(["cluster", ...args]),
  cli: becomeCli,
  async test(args) {
    const { test } = await import("./test.mjs");
    process.exitCode = (await test(args)) ? 0 : 1;
  },
  async build() {
    const { buildOrThrow } = await import("./build.mjs");
    await buildOrThrow();
  },
  async generate(args) {
    const { generate } = await import("./abi/generate.mjs");
    process.exitCode = generate(args.includes("--check")) ? 0 : 1;
  },
  async lint() {
    const { lint } = await import("./lint.mjs");
    process.exitCode = (await lint({ write: false })) ? 0 : 1;
  },
  async format() {
    const { lint } = await import("./lint.mjs");
    process.exitCode = (await lint({ write: true })) ? 0 : 1;
  },
  async "package-smoke"() {
    const { buildOrThrow } = await import("./build.mjs");
    await buildOrThrow();
    const { packageSmoke } = await import("./package-smoke.mjs");
    await packageSmoke();
  },
};

/** @param {readonly string[]} argv */
async function main([task, ...args]) {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new Error(
      `Node ${OLDEST_NODE} or newer is needed; this is Node ${process.versions.node}. See https://nodejs.org`,
    );
  }
  const action = task !== undefined && Object.hasOwn(TASKS, task) ? TASKS[task] : undefined;
  if (action === undefined)
    throw new Error(`${task === undefined ? "no task given" : `unknown task "${task}"`}\n\n${USAGE}`);
  const { install } = await import("./install.mjs");
  await install();
  await action(args);
}

main(process.argv.slice(2)).catch((error) => {
  process.stderr.write(`metalraft: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
