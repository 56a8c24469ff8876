/**
 * Writes the ABI as TypeScript: host/core/abi.ts. The text is in the project's format as it is.
 */

import { blockComment, LINE_WIDTH, literal, scalar } from "./model.mjs";

/** @import { Abi, Constant, Func, Group, Struct, Trait } from "./model.mjs" */

/** How the types of the boundary show in JavaScript; an i64 comes out signed. */
const JS_TYPES = { i32: "number", i64: "bigint", f32: "number", f64: "number" };

/** @param {Constant} constant @returns {string} A number where one is exact, else a bigint. */
function jsValue(constant) {
  const exact = Number.isSafeInteger(Number(constant.value));
  return exact ? literal(constant) : `${literal(constant)}n`;
}

/** @param {Group} group @returns {string[]} */
function groupLines({ name, doc, constants }) {
  const lines = [
    ...blockComment([doc], ""),
    `export const ${name} = {`,
    ...constants.flatMap((constant) => [
      ...blockComment([constant.doc], "  "),
      `  ${constant.name}: ${jsValue(constant)},`,
    ]),
    "} as const;",
    `export type ${name} = (typeof ${name})[keyof typeof ${name}];`,
    "",
  ];
  const values = new Set(constants.map(({ value }) => value));
  const named = values.size === constants.length && constants.every((constant) => !jsValue(constant).endsWith("n"));
  if (!named) return lines;
  return [
    ...lines,
    `/** The name of each ${name}, for people. */`,
    `export const ${name}Name: Readonly<Record<number, string>> = {`,
    ...constants.map((constant) => {
      const key = constant.value < 0n ? `[${constant.value}]` : `${constant.value}`;
      return `  ${key}: "${constant.name}",`;
    }),
    "};",
    "",
  ];
}

/** @param {Struct} struct @returns {string[]} */
function structLines({ name, doc, fields, size }) {
  return [
    ...blockComment([doc, "Byte offsets of the fields; `size` is where the last one ends."], ""),
    `export const ${name} = {`,
    `  size: ${size},`,
    ...fields.flatMap((field) => [
      ...blockComment([`${field.type}. ${field.doc}`], "  "),
      `  ${field.name}: ${field.offset},`,
    ]),
    "} as const;",
    "",
  ];
}

/**
 * A method signature in an interface, broken as the formatter would when it is too long.
 * @param {Func} func
 * @param {string} indent
 * @returns {string[]}
 */
function signatureLines(func, indent) {
  const result = func.result === undefined ? "void" : JS_TYPES[scalar(func.result).wasm];
  const parameters = func.parameters.map(({ name, type }) => `${name}: ${JS_TYPES[scalar(type).wasm]}`);
  const documented = [
    func.doc,
    ...func.parameters.filter(({ doc }) => doc !== "").map(({ name, doc }) => `@param ${name} ${doc}`),
    ...(func.resultDoc === "" ? [] : [`@returns ${func.resultDoc}`]),
  ];
  const comment = blockComment(documented, indent);
  const line = `${indent}${func.name}(${parameters.join(", ")}): ${result};`;
  if (line.length <= LINE_WIDTH) return [...comment, line];
  const broken = parameters.map((parameter) => `${indent}  ${parameter},`);
  return [...comment, `${indent}${func.name}(`, ...broken, `${indent}): ${result};`];
}

/** @param {Trait} trait @returns {string[]} */
function traitLines({ module, doc, functions }) {
  if (functions.length === 0) return [];
  return [
    ...blockComment([doc], "  "),
    `  readonly ${module}: {`,
    ...functions.flatMap((func) => signatureLines(func, "    ")),
    "  };",
  ];
}

/**
 * @param {Abi} abi
 * @param {string} notice How the file came to be.
 * @returns {string}
 */
export function emitTypeScript(abi, notice) {
  const lines = [
    ...blockComment(["The core's ABI, as the TypeScript hosts see it.", notice], ""),
    "",
    ...abi.sections.flatMap(({ items }) =>
      items.flatMap((item) => (item.form === "group" ? groupLines(item) : structLines(item))),
    ),
    "/** The functions that a host provides, by import module. Numbers arrive signed: `x >>> 0` makes a u32 of an i32. */",
    "export type CoreImports = {",
    ...abi.traits.flatMap(traitLines),
    "};",
    "",
    "/** The core's exports as they come out of the module. */",
    "export interface CoreExports {",
    "  readonly memory: WebAssembly.Memory;",
    "  /** Where the core's own bytes end and a host's use of linear memory may begin. */",
    "  readonly __heap_base: WebAssembly.Global;",
    "  /** Where the core's static data end. */",
    "  readonly __data_end: WebAssembly.Global;",
    ...abi.exports.flatMap((func) => signatureLines(func, "  ")),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}
