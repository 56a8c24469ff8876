/**
 * Reads the ABI out of the core's sources. The TypeScript parser is used for its syntax trees only: AssemblyScript is
 * the same language to it, decorators on functions and constants included.
 *
 * Understood are, in assembly/abi/:
 *
 *   @final @unmanaged export class Name { field: u32; }             a struct, optionally extending another
 *   export namespace Name { @inline export const A: i32 = 1 << 3; } a group of constants
 *   @external("module", "name") export declare function f(...): i32 an import
 *
 * and in assembly/index.ts: exported functions, and `export { __heap_base, __data_end }`. The tag `@internal` leaves a
 * declaration out; what is not exported, exported functions and methods are nobody's layout and are passed over.
 * Anything else is an error that names file and line.
 */

import ts from "typescript";
import { docComment, openingComment } from "./comments.mjs";
import { snakeCase } from "./model.mjs";
import { AbiError, Reader, TRAIT_MODULES } from "./reader.mjs";
import { firstLine, hasModifier, isExported } from "./syntax.mjs";

/** @import { Abi, Func, Group, Section, Struct, Trait } from "./model.mjs" */

/** The values, not functions, that the core exports. */
const EXPORTED_GLOBALS = ["__heap_base", "__data_end"];

/** @param {string} path @returns {string} "status-code" becomes "Status code". */
function titleOf(path) {
  const words = path.replace(/^.*\//, "").replace(/\.ts$/, "").replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Reads the structs first: constants and signatures speak of them. @param {Reader} reader @param {ts.SourceFile} file */
function readStructs(reader, file) {
  for (const statement of file.statements) {
    if (!ts.isClassDeclaration(statement) || !isExported(statement)) continue;
    reader.attempt(() => {
      const struct = reader.struct(statement);
      if (reader.structs.has(struct.name)) reader.complain(statement, `a struct ${struct.name} is declared twice`);
      reader.structs.set(struct.name, struct);
    });
  }
}

/**
 * What one file of assembly/abi/ declares.
 * @param {Reader} reader
 * @param {ts.SourceFile} file
 * @param {Map<string, { doc: string, functions: Func[] }>} traits Filled with the imports found.
 * @returns {Section}
 */
function readSection(reader, file, traits) {
  /** @type {(Struct | Group)[]} */
  const items = [];
  /** @param {ts.Statement} statement */
  const read = (statement) => {
    if (ts.isFunctionDeclaration(statement) && hasModifier(statement, ts.SyntaxKind.DeclareKeyword)) {
      const { module, func } = reader.imported(statement);
      const trait = traits.get(module) ?? { doc: openingComment(file), functions: [] };
      trait.functions.push(func);
      traits.set(module, trait);
      return;
    }
    if (!isExported(statement) || ts.isFunctionDeclaration(statement) || docComment(statement).internal) return;
    if (ts.isModuleDeclaration(statement)) items.push(reader.group(statement));
    else if (ts.isClassDeclaration(statement)) {
      const struct = reader.structs.get(statement.name?.text ?? "");
      if (struct !== undefined) items.push(struct);
    } else reader.complain(statement, `"${firstLine(statement)}" is not understood; mark it @internal to leave it out`);
  };
  for (const statement of file.statements) reader.attempt(() => read(statement));
  return { path: file.fileName, title: titleOf(file.fileName), doc: openingComment(file), items };
}

/**
 * @param {Reader} reader
 * @param {ts.SourceFile} file assembly/index.ts
 * @returns {Func[]}
 */
function readExports(reader, file) {
  return file.statements.flatMap((statement) => {
    const read = () => {
      if (ts.isExportDeclaration(statement)) {
        const names = statement.exportClause
          ?.getText()
          .replace(/[{}\s]/g, "")
          .split(",")
          .filter(Boolean) ?? ["*"];
        const other = names.find((name) => !EXPORTED_GLOBALS.includes(name));
        if (other !== undefined) reader.complain(statement, `the export of ${other} is not understood`);
        return [];
      }
      if (!isExported(statement)) return [];
      if (ts.isFunctionDeclaration(statement)) return [reader.func(statement, statement.name?.text ?? "")];
      return reader.complain(statement, `the export "${firstLine(statement)}" is not understood`);
    };
    return reader.attempt(read) ?? [];
  });
}

/** Names must be unique: they become top-level names in the generated files. @param {Reader} reader @param {readonly Section[]} sections */
function checkNames(reader, sections) {
  /** @type {Map<string, string>} */
  const seen = new Map();
  for (const { path, items } of sections) {
    for (const { name } of items) {
      const key = snakeCase(name);
      const before = seen.get(key);
      if (before !== undefined) reader.problems.push(`${path}: ${name} is declared in ${before} too`);
      seen.set(key, path);
    }
  }
}

/**
 * Reads the ABI.
 * @param {ReadonlyMap<string, string>} sources Text by path: assembly/index.ts and every file of assembly/abi/.
 * @returns {Abi}
 * @throws {AbiError} naming everything that is not understood.
 */
export function readAbi(sources) {
  const reader = new Reader();
  const files = [...sources].map(([path, text]) => ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true));
  const declarations = files.filter((file) => file.fileName !== "assembly/index.ts");
  for (const file of declarations) {
    reader.declareConstants(file);
    readStructs(reader, file);
  }
  /** @type {Map<string, { doc: string, functions: Func[] }>} */
  const found = new Map();
  const sections = declarations.map((file) => readSection(reader, file, found)).filter(({ items }) => items.length > 0);
  checkNames(reader, sections);
  const index = files.find((file) => file.fileName === "assembly/index.ts");
  const exports = index === undefined ? [] : readExports(reader, index);
  if (index === undefined) reader.problems.push("assembly/index.ts: there is no such file");
  if (reader.problems.length > 0) throw new AbiError(reader.problems);
  /** @type {Trait[]} */
  const traits = TRAIT_MODULES.map((module) => ({ module, doc: "", functions: [], ...found.get(module) }));
  return { exports, traits, sections };
}
