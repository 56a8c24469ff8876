/**
 * Writes the ABI as a C99 header: firmware/include/metalraft_abi.h.
 */

import { blockComment, literal, scalar, snakeCase } from "./model.mjs";
import { AbiError } from "./reader.mjs";

/** @import { Abi, Constant, Func, Group, Struct, Trait } from "./model.mjs" */

const WAMR_TYPES = { i32: "i", i64: "I", f32: "f", f64: "F" };
const CONVENTIONS =
  "Structs lie in linear memory, little-endian. Unlike sizeof of the C structs, which may round up, a METALRAFT_x_SIZE " +
  "is where the last field ends. In the lists of functions, the signatures are those of WAMR's native symbols.";
/** Words that a field cannot be called in C. */
const C_KEYWORDS = new Set(
  (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register " +
    "restrict return short signed sizeof static struct switch typedef union unsigned void volatile while"
  ).split(" "),
);

/** @param {string} name @returns {string} The name as part of a macro; a status code is a METALRAFT_STATUS. */
function macro(name) {
  return `METALRAFT_${snakeCase(name.replace(/Code$/, "")).toUpperCase()}`;
}

/** @param {Constant} constant */
function cValue(constant) {
  const { bytes, signed } = scalar(constant.type);
  const text = literal(constant);
  if (bytes === 8) return signed ? `INT64_C(${text})` : `UINT64_C(${text})`;
  if (!signed) return `UINT32_C(${text})`;
  if (constant.value === -(2n ** 31n)) return "INT32_MIN";
  return constant.value < 0n ? `(${text})` : text;
}

/** @param {Group} group @returns {string[]} */
function groupLines({ name, doc, constants }) {
  return [
    ...blockComment([doc === "" ? `${name}.` : `${name}. ${doc}`], "", "/*"),
    ...constants.flatMap((constant) => [
      ...blockComment([constant.doc], "", "/*"),
      `#define ${macro(name)}_${constant.name} ${cValue(constant)}`,
    ]),
    "",
  ];
}

/** @param {Struct} struct @returns {string[]} */
function structLines({ name, doc, fields, size }) {
  const tag = `metalraft_${snakeCase(name)}`;
  const member = (/** @type {string} */ field) => {
    const text = snakeCase(field);
    if (C_KEYWORDS.has(text))
      throw new AbiError([`assembly/abi: ${name}.${field} is a keyword in C: rename the field`]);
    return text;
  };
  const offset = (/** @type {string} */ field) => `${macro(name)}_OFFSET_${snakeCase(field).toUpperCase()}`;
  const last = fields.at(-1);
  return [
    ...blockComment([doc], "", "/*"),
    `typedef struct ${tag} {`,
    ...fields.flatMap((field) => [
      ...blockComment([field.doc], "  ", "/*"),
      `  ${scalar(field.type).c} ${member(field.name)};`,
    ]),
    `} ${tag};`,
    `#define ${macro(name)}_SIZE UINT32_C(${size})`,
    ...fields.map((field) => `#define ${offset(field.name)} UINT32_C(${field.offset})`),
    ...fields.map(
      (field) =>
        `METALRAFT_ABI_ASSERT(${tag}_${member(field.name)}, offsetof(${tag}, ${member(field.name)}) == ${offset(field.name)});`,
    ),
    ...(last === undefined
      ? []
      : [
          `METALRAFT_ABI_ASSERT(${tag}_size, offsetof(${tag}, ${member(last.name)}) + sizeof(${scalar(last.type).c}) == ${macro(name)}_SIZE);`,
        ]),
    "",
  ];
}

/** @param {Func} func @returns {string} As WAMR's native symbols want it: parameters, then the result. */
function wamrSignature(func) {
  const parameters = func.parameters.map(({ type }) => WAMR_TYPES[scalar(type).wasm]).join("");
  return `(${parameters})${func.result === undefined ? "" : WAMR_TYPES[scalar(func.result).wasm]}`;
}

/** @param {Func} func @returns {string} */
function prototype(func) {
  const parameters = func.parameters.map(({ name, type }) => `${scalar(type).c} ${snakeCase(name)}`);
  const result = func.result === undefined ? "void" : scalar(func.result).c;
  return `${result} ${func.name}(${parameters.join(", ") || "void"})`;
}

/**
 * An X-macro over functions: the name as it stands in the module, and the signature.
 * @param {string} name
 * @param {readonly Func[]} functions
 * @returns {string[]}
 */
function functionList(name, functions) {
  const prototypes = functions.flatMap((func) => blockComment([`${prototype(func)};`, func.doc], "", "/*"));
  const entries = functions.map((func) => `  X(${func.name}, "${wamrSignature(func)}")`);
  return [...prototypes, [`#define ${name}(X)`, ...entries].join(" \\\n"), ""];
}

/** @param {Trait} trait @returns {string[]} */
function traitLines({ module, doc, functions }) {
  return [
    ...blockComment([`Imports from the module "${module}". ${doc}`], "", "/*"),
    "",
    ...functionList(`METALRAFT_IMPORTS_${module.toUpperCase()}`, functions),
  ];
}

/**
 * @param {Abi} abi
 * @param {string} notice How the file came to be.
 * @returns {string}
 */
export function emitC(abi, notice) {
  const lines = [
    ...blockComment(["The core's ABI, as a C host sees it.", notice, "", CONVENTIONS], "", "/*"),
    "#ifndef METALRAFT_ABI_H",
    "#define METALRAFT_ABI_H",
    "",
    "#include <stddef.h>",
    "#include <stdint.h>",
    "",
    "/* Fails to compile when a layout differs from the core's. */",
    "#define METALRAFT_ABI_ASSERT(name, condition) typedef char metalraft_abi_##name[(condition) ? 1 : -1]",
    "",
    ...abi.sections.flatMap(({ items }) =>
      items.flatMap((item) => (item.form === "group" ? groupLines(item) : structLines(item))),
    ),
    ...abi.traits.filter(({ functions }) => functions.length > 0).flatMap(traitLines),
    "/* The core's exports. */",
    "",
    ...functionList("METALRAFT_EXPORTS", abi.exports),
    "#endif",
  ];
  return `${lines.join("\n")}\n`;
}
