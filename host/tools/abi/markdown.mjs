/**
 * Writes the ABI for people: docs/abi.md.
 */

import { literal } from "./model.mjs";

/** @import { Abi, Func, Group, Section, Struct, Trait } from "./model.mjs" */

/** @param {string} text @returns {string} Fit for a cell of a table. */
function cell(text) {
  return text.replace(/\s+/g, " ").replaceAll("|", "\\|");
}

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @returns {string[]}
 */
function table(head, rows) {
  if (rows.length === 0) return [];
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line), ""];
}

/** @param {string} text @returns {string[]} */
function paragraph(text) {
  return text === "" ? [] : [text, ""];
}

/** @param {Func} func @param {string} level @returns {string[]} */
function functionLines(func, level) {
  const parameters = func.parameters.map(({ name, shown }) => `${name}: ${shown}`).join(", ");
  const rows = func.parameters.map(({ name, shown, doc }) => [`\`${name}\``, shown, doc]);
  if (func.result !== undefined) rows.push(["returns", func.result, func.resultDoc]);
  return [
    `${level} ${func.name}`,
    "",
    "```ts",
    `${func.name}(${parameters}): ${func.result ?? "void"}`,
    "```",
    "",
    ...paragraph(func.doc),
    ...table(["parameter", "type", "meaning"], rows),
  ];
}

/** @param {Trait} trait @returns {string[]} */
function traitLines({ module, doc, functions }) {
  if (functions.length === 0) return [];
  return [`### ${module}`, "", ...paragraph(doc), ...functions.flatMap((func) => functionLines(func, "####"))];
}

/** @param {Struct} struct @returns {string[]} */
function structLines({ name, doc, fields, size }) {
  const rows = fields.map((field) => [String(field.offset), `\`${field.name}\``, field.type, field.doc]);
  return [
    `### ${name}`,
    "",
    ...paragraph(`${doc} ${size} bytes.`),
    ...table(["offset", "field", "type", "meaning"], rows),
  ];
}

/** @param {Group} group @returns {string[]} */
function groupLines({ name, doc, constants }) {
  const rows = constants.map((constant) => [literal(constant), `\`${constant.name}\``, constant.doc]);
  return [`### ${name}`, "", ...paragraph(doc), ...table(["value", "name", "meaning"], rows)];
}

/** @param {Section} section @returns {string[]} */
function sectionLines({ title, doc, items }) {
  const body = items.flatMap((item) => (item.form === "group" ? groupLines(item) : structLines(item)));
  return [`## ${title}`, "", ...paragraph(doc), ...body];
}

/**
 * @param {Abi} abi
 * @param {string} notice How the file came to be.
 * @returns {string}
 */
export function emitMarkdown(abi, notice) {
  const lines = [
    "# The ABI of the core",
    "",
    `What crosses the boundary between \`metalraft.wasm\` and its host. ${notice}`,
    "",
    "Everything in memory is little-endian. Fields lie at multiples of their own size, in order of declaration; the size",
    "of a struct is where its last field ends, without padding behind it. `usize` is an address in linear memory or a",
    "number of bytes, 32 bits wide.",
    "",
    "## Exports",
    "",
    "Besides these functions the module exports its `memory`, and `__heap_base` and `__data_end`, the addresses where a",
    "host's use of memory may begin and where the core's static data end.",
    "",
    ...abi.exports.flatMap((func) => functionLines(func, "###")),
    "## Imports",
    "",
    "One import module a trait. All are called from inside `flush`, and none may call an export.",
    "",
    ...abi.traits.flatMap(traitLines),
    ...abi.sections.flatMap(sectionLines),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}
