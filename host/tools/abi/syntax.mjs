/**
 * Small questions to a syntax tree of AssemblyScript, in which decorators may stand before any declaration.
 */

import ts from "typescript";

/** @param {ts.Node} node @returns {readonly ts.ModifierLike[]} */
export function modifiersOf(node) {
  return "modifiers" in node && Array.isArray(node.modifiers) ? node.modifiers : [];
}

/** @param {ts.Node} node @param {ts.SyntaxKind} kind */
export function hasModifier(node, kind) {
  return modifiersOf(node).some((modifier) => modifier.kind === kind);
}

/** @param {ts.Node} node */
export function isExported(node) {
  return hasModifier(node, ts.SyntaxKind.ExportKeyword);
}

/** The string arguments of a declaration's decorators, by name. @param {ts.Node} node */
export function decoratorCalls(node) {
  /** @type {Map<string, string[]>} */
  const calls = new Map();
  for (const decorator of modifiersOf(node).filter(ts.isDecorator)) {
    const { expression } = decorator;
    if (ts.isIdentifier(expression)) calls.set(expression.text, []);
    if (ts.isCallExpression(expression)) {
      const strings = expression.arguments.filter(ts.isStringLiteral).map((argument) => argument.text);
      calls.set(expression.expression.getText(), strings);
    }
  }
  return calls;
}

/** @param {ts.Node} node */
export function decoratorNames(node) {
  return [...decoratorCalls(node).keys()];
}

/** @param {ts.ClassElement} member */
export function isBehaviour(member) {
  return ts.isMethodDeclaration(member) || ts.isAccessor(member) || ts.isSemicolonClassElement(member);
}

/** @param {ts.ModuleDeclaration} node @returns {readonly ts.Statement[]} */
export function bodyOf(node) {
  return node.body !== undefined && ts.isModuleBlock(node.body) ? node.body.statements : [];
}

/** @param {ts.Node} node */
export function firstLine(node) {
  return node.getText().split("\n", 1)[0];
}
