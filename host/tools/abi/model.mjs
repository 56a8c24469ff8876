/**
 * What the generator knows of the core's ABI, and how AssemblyScript lays out the fields of an unmanaged class.
 */

/** Longest line of a generated file, where the text allows. */
export const LINE_WIDTH = 120;

/**
 * @typedef {object} Scalar
 * @property {number} bytes Size and alignment in linear memory.
 * @property {"i32" | "i64" | "f32" | "f64"} wasm The type in which it crosses the boundary.
 * @property {boolean} signed
 * @property {string} c
 */

/** The types that fields, constants, parameters and results may have. @type {ReadonlyMap<string, Scalar>} */
export const SCALARS = new Map([
  ["bool", { bytes: 1, wasm: "i32", signed: false, c: "uint8_t" }],
  ["i8", { bytes: 1, wasm: "i32", signed: true, c: "int8_t" }],
  ["u8", { bytes: 1, wasm: "i32", signed: false, c: "uint8_t" }],
  ["i16", { bytes: 2, wasm: "i32", signed: true, c: "int16_t" }],
  ["u16", { bytes: 2, wasm: "i32", signed: false, c: "uint16_t" }],
  ["i32", { bytes: 4, wasm: "i32", signed: true, c: "int32_t" }],
  ["u32", { bytes: 4, wasm: "i32", signed: false, c: "uint32_t" }],
  ["isize", { bytes: 4, wasm: "i32", signed: true, c: "int32_t" }],
  ["usize", { bytes: 4, wasm: "i32", signed: false, c: "uint32_t" }],
  ["i64", { bytes: 8, wasm: "i64", signed: true, c: "int64_t" }],
  ["u64", { bytes: 8, wasm: "i64", signed: false, c: "uint64_t" }],
  ["f32", { bytes: 4, wasm: "f32", signed: true, c: "float" }],
  ["f64", { bytes: 8, wasm: "f64", signed: true, c: "double" }],
]);

/**
 * @param {string} type A key of SCALARS.
 * @returns {Scalar}
 */
export function scalar(type) {
  const found = SCALARS.get(type);
  if (found === undefined) throw new Error(`"${type}" is no scalar`);
  return found;
}

/**
 * @typedef {object} Field
 * @property {string} name
 * @property {string} type A key of SCALARS.
 * @property {string} doc
 * @property {number} offset
 *
 * @typedef {object} Struct
 * @property {"struct"} form
 * @property {string} name
 * @property {string} doc
 * @property {readonly Field[]} fields
 * @property {number} size Where the last field ends: no padding is added behind it.
 *
 * @typedef {object} Constant
 * @property {string} name
 * @property {string} type A key of SCALARS.
 * @property {string} doc
 * @property {bigint} value
 * @property {boolean} hex Written in hexadecimal where it is declared.
 *
 * @typedef {object} Group
 * @property {"group"} form
 * @property {string} name
 * @property {string} doc
 * @property {readonly Constant[]} constants
 *
 * @typedef {object} Parameter
 * @property {string} name
 * @property {string} type A key of SCALARS.
 * @property {string} shown The type as it is written, which may be a struct that the number is the address of.
 * @property {string} doc
 *
 * @typedef {object} Func
 * @property {string} name
 * @property {string} doc
 * @property {readonly Parameter[]} parameters
 * @property {string | undefined} result A key of SCALARS, or undefined for void.
 * @property {string} resultDoc
 *
 * @typedef {object} Section What one file of assembly/abi/ declares.
 * @property {string} path The file.
 * @property {string} title
 * @property {string} doc The file's opening comment.
 * @property {readonly (Struct | Group)[]} items In order of declaration.
 *
 * @typedef {object} Trait
 * @property {string} module The import module.
 * @property {string} doc
 * @property {readonly Func[]} functions
 *
 * @typedef {object} Abi
 * @property {readonly Func[]} exports
 * @property {readonly Trait[]} traits
 * @property {readonly Section[]} sections
 */

/**
 * Places fields as AssemblyScript does in an unmanaged class: in order of declaration, each at the next multiple of its
 * own size. `offsetof<T>()` is the end of the last field; unlike C, nothing is added behind it.
 * @param {readonly { name: string, type: string, doc: string }[]} fields
 * @param {number} [start] Where the first field may lie: the end of the base class.
 * @returns {{ fields: Field[], size: number }}
 */
export function layOut(fields, start = 0) {
  let end = start;
  const placed = fields.map((field) => {
    const { bytes } = scalar(field.type);
    const offset = Math.ceil(end / bytes) * bytes;
    end = offset + bytes;
    return { ...field, offset };
  });
  return { fields: placed, size: end };
}

/** @param {Constant} constant @returns {string} Its value as a literal, without a suffix. */
export function literal(constant) {
  return constant.hex && constant.value >= 0n ? `0x${constant.value.toString(16)}` : constant.value.toString();
}

/**
 * @param {string} name In camel case.
 * @returns {string} The same in snake case.
 */
export function snakeCase(name) {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
    .toLowerCase();
}

/**
 * Breaks text into lines of at most `width` characters; an empty line separates paragraphs.
 * @param {string} text
 * @param {number} width
 * @returns {string[]}
 */
export function wrap(text, width) {
  /** @type {string[]} */
  const lines = [];
  for (const paragraph of text.split(/\n\s*\n/)) {
    if (lines.length > 0) lines.push("");
    let line = "";
    for (const word of paragraph.split(/\s+/).filter((part) => part !== "")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    if (line !== "") lines.push(line);
  }
  return lines;
}

/**
 * A block comment, on one line when it fits.
 * @param {readonly string[]} parts Each begins a line; empty ones are left out.
 * @param {string} indent
 * @param {"/**" | "/*"} [opening]
 * @returns {string[]} No line when all parts are empty.
 */
export function blockComment(parts, indent, opening = "/**") {
  const lines = parts.flatMap((part) => wrap(part.replaceAll("*/", "* /"), LINE_WIDTH - indent.length - 3));
  const single = `${indent}${opening} ${lines[0]} */`;
  if (lines.length === 0) return [];
  if (lines.length === 1 && single.length <= LINE_WIDTH) return [single];
  return [`${indent}${opening}`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}
