/**
 * The values of constants, computed as AssemblyScript computes them: every operation in the declared type, wrapped to
 * its width.
 */

import ts from "typescript";
import { SCALARS, scalar } from "./model.mjs";

/**
 * @typedef {object} Declared A constant somewhere in assembly/abi/.
 * @property {string} type A key of SCALARS.
 * @property {ts.Expression} value
 * @property {string | undefined} group
 * @property {string} file
 *
 * @typedef {object} Scope What an expression may refer to.
 * @property {(group: string | undefined, name: string, file: string) => Declared | undefined} constant
 *   A constant of a group, or, without one, of the file itself.
 * @property {(struct: string, field: string | undefined) => number | undefined} offsetOf
 *
 * @typedef {(node: ts.Node, message: string) => never} Complain
 */

const LONGEST_CHAIN = 64;

/** @type {ReadonlyMap<ts.SyntaxKind, (left: bigint, right: bigint, bits: bigint) => bigint>} */
const OPERATORS = new Map([
  [ts.SyntaxKind.PlusToken, (left, right) => left + right],
  [ts.SyntaxKind.MinusToken, (left, right) => left - right],
  [ts.SyntaxKind.AsteriskToken, (left, right) => left * right],
  [ts.SyntaxKind.SlashToken, (left, right) => left / right],
  [ts.SyntaxKind.PercentToken, (left, right) => left % right],
  [ts.SyntaxKind.LessThanLessThanToken, (left, right, bits) => left << (right % bits)],
  [ts.SyntaxKind.GreaterThanGreaterThanToken, (left, right, bits) => left >> (right % bits)],
  [ts.SyntaxKind.AmpersandToken, (left, right) => left & right],
  [ts.SyntaxKind.BarToken, (left, right) => left | right],
  [ts.SyntaxKind.CaretToken, (left, right) => left ^ right],
]);

/** @param {bigint} value @param {string} type */
function wrapTo(value, type) {
  const { bytes, signed } = scalar(type);
  return signed ? BigInt.asIntN(bytes * 8, value) : BigInt.asUintN(bytes * 8, value);
}

/**
 * The value of a constant.
 * @param {Declared} constant
 * @param {Scope} scope
 * @param {Complain} complain
 * @param {number} [depth]
 * @returns {bigint}
 */
export function evaluate(constant, scope, complain, depth = 0) {
  if (depth > LONGEST_CHAIN) complain(constant.value, "this constant is defined by itself");
  const { type } = constant;

  /** @param {string | undefined} group @param {string} name @param {ts.Node} node */
  function reference(group, name, node) {
    const found = scope.constant(group, name, constant.file);
    if (found === undefined) {
      return complain(node, `${group === undefined ? name : `${group}.${name}`} is no constant of assembly/abi/`);
    }
    return evaluate(found, scope, complain, depth + 1);
  }

  /** @param {ts.CallExpression} call */
  function builtin(call) {
    const name = call.expression.getText();
    const target = call.typeArguments?.[0]?.getText() ?? "";
    const field = call.arguments[0];
    if (name === "sizeof" && SCALARS.has(target)) return BigInt(scalar(target).bytes);
    if (name === "offsetof" && (field === undefined || ts.isStringLiteral(field))) {
      const offset = scope.offsetOf(target, field?.text);
      if (offset !== undefined) return BigInt(offset);
    }
    return complain(
      call,
      `"${call.getText()}" is not understood: only sizeof of a scalar and offsetof of a struct are`,
    );
  }

  /** @param {ts.Expression} node @returns {bigint} */
  function value(node) {
    if (ts.isParenthesizedExpression(node)) return value(node.expression);
    if (ts.isAsExpression(node) || ts.isTypeAssertionExpression(node)) {
      const target = node.type.getText();
      return SCALARS.has(target)
        ? wrapTo(value(node.expression), target)
        : complain(node, `${target} is no number type`);
    }
    if (ts.isNumericLiteral(node)) return integer(node);
    if (ts.isPrefixUnaryExpression(node)) {
      if (node.operator === ts.SyntaxKind.MinusToken) return -value(node.operand);
      if (node.operator === ts.SyntaxKind.TildeToken) return wrapTo(~value(node.operand), type);
    }
    if (ts.isBinaryExpression(node)) {
      const operator = OPERATORS.get(node.operatorToken.kind);
      const right = value(node.right);
      const divides = node.operatorToken.getText() === "/" || node.operatorToken.getText() === "%";
      if (divides && right === 0n) complain(node, "division by zero");
      if (operator !== undefined)
        return wrapTo(operator(value(node.left), right, BigInt(scalar(type).bytes * 8)), type);
    }
    if (ts.isIdentifier(node)) {
      const inGroup = scope.constant(constant.group, node.text, constant.file) !== undefined;
      return reference(inGroup ? constant.group : undefined, node.text, node);
    }
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      return reference(node.expression.text, node.name.text, node);
    }
    if (ts.isCallExpression(node)) return builtin(node);
    return complain(node, `"${node.getText()}" is not understood in the value of a constant`);
  }

  /** @param {ts.NumericLiteral} node */
  function integer(node) {
    const text = node.getText().replaceAll("_", "");
    if (!/^(\d+|0x[\da-f]+|0b[01]+|0o[0-7]+)$/i.test(text)) complain(node, `${text} is not an integer`);
    return BigInt(text);
  }

  const result = value(constant.value);
  if (wrapTo(result, type) !== result) complain(constant.value, `${result} does not fit ${type}`);
  return result;
}
