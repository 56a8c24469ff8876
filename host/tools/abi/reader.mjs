/**
 * Reads the declarations of the ABI one by one: structs, groups of constants, functions. See parse.mjs for the forms.
 */

import ts from "typescript";
import { docComment } from "./comments.mjs";
import { evaluate } from "./constants.mjs";
import { layOut, SCALARS } from "./model.mjs";
import { bodyOf, decoratorCalls, decoratorNames, firstLine, hasModifier, isBehaviour, isExported } from "./syntax.mjs";

/** @import { Constant, Field, Func, Group, Struct } from "./model.mjs" */
/** @import { Declared } from "./constants.mjs" */

/** The core's import modules, in the order in which they are documented. */
export const TRAIT_MODULES = ["transport", "storage", "timer", "machine", "observer"];

/** What is wrong with the sources, one line each, every line beginning with `file:line: `. */
export class AbiError extends Error {
  /** @param {readonly string[]} problems */
  constructor(problems) {
    super(problems.join("\n"));
    this.name = "AbiError";
    this.problems = problems;
  }
}

/** Ends the reading of one declaration; its message is already among the problems. */
class Abandoned extends Error {}

/** Reads single declarations, and gathers what is wrong with them. */
export class Reader {
  /** @type {string[]} */
  problems = [];
  /** @type {Map<string, Struct>} */
  structs = new Map();
  /** @type {Map<string, Declared>} */
  constants = new Map();

  /** @param {ts.Node} node @param {string} message @returns {never} */
  complain = (node, message) => {
    const file = node.getSourceFile();
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    this.problems.push(`${file.fileName}:${line + 1}: ${message}`);
    throw new Abandoned();
  };

  /**
   * Reads a declaration; a problem in it does not keep the others from being read.
   * @template T
   * @param {() => T} read
   * @returns {T | undefined}
   */
  attempt(read) {
    try {
      return read();
    } catch (error) {
      if (error instanceof Abandoned) return undefined;
      throw error;
    }
  }

  /** @type {import("./constants.mjs").Scope} */
  scope = {
    constant: (group, name, file) => this.constants.get(`${group ?? file}.${name}`),
    offsetOf: (name, field) => {
      const struct = this.structs.get(name);
      return field === undefined ? struct?.size : struct?.fields.find((other) => other.name === field)?.offset;
    },
  };

  /** @param {ts.TypeNode | undefined} type @param {ts.Node} owner @returns {string} A key of SCALARS. */
  scalarType(type, owner) {
    if (type === undefined) return this.complain(owner, `${owner.getText()} needs a type`);
    const name = type.getText();
    return SCALARS.has(name) ? name : this.complain(type, `${name} is none of ${[...SCALARS.keys()].join(", ")}`);
  }

  /** @param {ts.ClassDeclaration} node @returns {Struct} */
  struct(node) {
    const name = node.name?.text ?? this.complain(node, "a struct needs a name");
    const decorators = decoratorNames(node);
    if (!decorators.includes("unmanaged")) this.complain(node, `the exported class ${name} is not @unmanaged`);
    if (!decorators.includes("final")) this.complain(node, `the struct ${name} is not @final`);
    const base = this.baseOf(node);
    const { text } = docComment(node);
    if (text === "") this.complain(node, `the struct ${name} has no doc comment`);
    const own = node.members.filter((member) => !isBehaviour(member)).map((member) => this.field(member));
    const { fields, size } = layOut(own, base?.size);
    return { form: "struct", name, doc: text, fields: [...(base?.fields ?? []), ...fields], size };
  }

  /** @param {ts.ClassDeclaration} node @returns {Struct | undefined} */
  baseOf(node) {
    const clause = node.heritageClauses?.[0]?.types[0];
    if (clause === undefined) return undefined;
    const base = this.structs.get(clause.getText());
    return base ?? this.complain(clause, `${clause.getText()} is no struct declared above`);
  }

  /** @param {ts.ClassElement} member @returns {Omit<Field, "offset">} */
  field(member) {
    if (!ts.isPropertyDeclaration(member) || !ts.isIdentifier(member.name)) {
      return this.complain(member, `"${firstLine(member)}" is not understood in a struct`);
    }
    const name = member.name.text;
    if (hasModifier(member, ts.SyntaxKind.StaticKeyword)) this.complain(member, `${name} is static: that is a global`);
    if (member.initializer !== undefined) this.complain(member, `${name} has an initial value: nothing would set it`);
    if (name === "size") this.complain(member, 'the name "size" stands for the size of the whole struct');
    const { text } = docComment(member);
    if (text === "") this.complain(member, `the field ${name} has no doc comment`);
    return { name, type: this.scalarType(member.type, member), doc: text };
  }

  /** Makes the constants of a file known by name. @param {ts.SourceFile} file */
  declareConstants(file) {
    for (const statement of file.statements) {
      if (ts.isModuleDeclaration(statement)) {
        for (const inner of bodyOf(statement)) this.declareStatement(inner, statement.name.text, file.fileName);
      } else this.declareStatement(statement, undefined, file.fileName);
    }
  }

  /** @param {ts.Statement} statement @param {string | undefined} group @param {string} file */
  declareStatement(statement, group, file) {
    if (!ts.isVariableStatement(statement)) return;
    for (const { name, type, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || initializer === undefined || !SCALARS.has(type?.getText() ?? "")) continue;
      const declared = { type: type?.getText() ?? "", value: initializer, group, file };
      this.constants.set(`${group ?? file}.${name.text}`, declared);
    }
  }

  /** @param {ts.ModuleDeclaration} node @returns {Group} */
  group(node) {
    const name = node.name.text;
    const constants = bodyOf(node).flatMap((statement) => {
      if (!isExported(statement)) return [];
      return this.attempt(() => this.constant(statement, name)) ?? [];
    });
    return { form: "group", name, doc: docComment(node).text, constants };
  }

  /** @param {ts.Statement} statement @param {string} group @returns {Constant[]} */
  constant(statement, group) {
    const declaration = ts.isVariableStatement(statement) ? statement.declarationList.declarations[0] : undefined;
    if (declaration === undefined || !ts.isVariableStatement(statement)) {
      return this.complain(statement, `"${firstLine(statement)}" is not understood in a group of constants`);
    }
    if ((statement.declarationList.flags & ts.NodeFlags.Const) === 0) this.complain(statement, "only constants are");
    if (!decoratorNames(statement).includes("inline")) {
      this.complain(statement, `${declaration.name.getText()} is not @inline: it would become a global`);
    }
    const type = this.scalarType(declaration.type, declaration);
    const name = declaration.name.getText();
    const declared = this.scope.constant(group, name, "");
    if (declared === undefined) return this.complain(statement, `${name} has no value`);
    const { text, internal } = docComment(statement);
    if (internal) return [];
    const hex = /^0x/i.test(declared.value.getText());
    return [{ name, type, doc: text, value: evaluate(declared, this.scope, this.complain), hex }];
  }

  /** @param {ts.FunctionDeclaration} node @param {string} name @returns {Func} */
  func(node, name) {
    const { text, parameters, returns } = docComment(node);
    if (text === "") this.complain(node, `the function ${name} has no doc comment`);
    const known = new Set(node.parameters.map((parameter) => parameter.name.getText()));
    for (const documented of parameters.keys()) {
      if (!known.has(documented)) this.complain(node, `@param ${documented}: ${name} has no such parameter`);
    }
    return {
      name,
      doc: text,
      parameters: node.parameters.map((parameter) => {
        if (parameter.initializer !== undefined || parameter.questionToken !== undefined) {
          this.complain(parameter, "a parameter that may be left out costs a mutable global");
        }
        const shown = parameter.type?.getText() ?? "";
        const type = this.structs.has(shown) ? "usize" : this.scalarType(parameter.type, parameter);
        return { name: parameter.name.getText(), type, shown, doc: parameters.get(parameter.name.getText()) ?? "" };
      }),
      result: this.resultType(node),
      resultDoc: returns,
    };
  }

  /** @param {ts.FunctionDeclaration} node */
  resultType(node) {
    if (node.type?.kind === ts.SyntaxKind.VoidKeyword) return undefined;
    if (node.type === undefined) return this.complain(node, `${node.name?.text} needs a result type`);
    return this.structs.has(node.type.getText()) ? "usize" : this.scalarType(node.type, node);
  }

  /** @param {ts.FunctionDeclaration} node @returns {{ module: string, func: Func }} */
  imported(node) {
    const [module, name, ...more] = decoratorCalls(node).get("external") ?? [];
    if (module === undefined || name === undefined || more.length > 0) {
      return this.complain(node, `${node.name?.text} needs @external("module", "name")`);
    }
    if (!TRAIT_MODULES.includes(module)) {
      this.complain(node, `the import module "${module}" is none of ${TRAIT_MODULES.join(", ")}`);
    }
    return { module, func: this.func(node, name) };
  }
}
