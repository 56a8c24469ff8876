/**
 * How as-pect runs the white-box tests of the core: one module a spec file, compiled with as-pect.asconfig.json.
 *
 * Code under test may reach the core's imports. None has a meaning inside a test of one piece, so each is a stub that
 * throws its own name: a spec that is not about effects notices when it causes one.
 */

/** The five import modules of the core; see docs/abi.md. */
const TRAIT_MODULES = new Set(["transport", "storage", "timer", "machine", "observer"]);

/** A stub for every import of a trait module that the compiled spec asks for. */
function throwingTraits(binary) {
  const traits = {};
  for (const { module, name } of WebAssembly.Module.imports(new WebAssembly.Module(binary))) {
    if (!TRAIT_MODULES.has(module)) continue;
    traits[module] ??= {};
    traits[module][name] = () => {
      throw new Error(`the tested code called the import ${module}.${name}`);
    };
  }
  return traits;
}

export default {
  entries: ["assembly/__tests__/**/*.spec.ts"],
  include: [],
  disclude: [/node_modules/],
  outputBinary: false,
  instantiate(memory, createImports, instantiate, binary) {
    return instantiate(binary, createImports({ env: { memory } }, throwingTraits(binary)));
  },
};
