/** Reads the scenarios of the contract out of their sources: titles, and the words that each is written in. */

import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";

/** One scenario, or one row of parameters for several. */
export interface StepScenario {
  /** Without ".test.ts". */
  readonly file: string;
  readonly title: string;
  /** Names of the methods that it calls, by itself or through functions of its file, and of the options that it sets. */
  readonly words: ReadonlySet<string>;
}

const FOLDER = new URL("../", import.meta.url);
const ENDING = ".test.ts";

/** The scenarios of every file beside this folder. */
export function readScenarios(): StepScenario[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith(ENDING));
  return files.sort().flatMap((name) => {
    const source = readFileSync(new URL(name, FOLDER), "utf8");
    return scenariosOf(name.slice(0, -ENDING.length), ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true));
  });
}

function scenariosOf(file: string, source: ts.SourceFile): StepScenario[] {
  const functions = new Map<string, ts.Node>();
  visit(source, (node) => {
    if (ts.isFunctionDeclaration(node) && node.name !== undefined) functions.set(node.name.text, node);
  });
  const scenarios: StepScenario[] = [];
  visit(source, (node) => {
    if (!ts.isCallExpression(node) || !isTest(node.expression)) return;
    const [title, body] = node.arguments;
    if (title === undefined || body === undefined || !ts.isStringLiteralLike(title)) return;
    const words = new Set<string>();
    collect(body, functions, words, new Set());
    scenarios.push({ file, title: title.text, words });
  });
  return scenarios;
}

/** `it`, or what `it.each(...)` gives. */
function isTest(callee: ts.Expression): boolean {
  if (ts.isIdentifier(callee)) return callee.text === "it";
  return ts.isCallExpression(callee) && callee.expression.getText() === "it.each";
}

function collect(body: ts.Node, functions: ReadonlyMap<string, ts.Node>, words: Set<string>, seen: Set<string>): void {
  visit(body, (node) => {
    if (ts.isPropertyAssignment(node)) words.add(node.name.getText());
    if (!ts.isCallExpression(node)) return;
    if (ts.isPropertyAccessExpression(node.expression)) words.add(node.expression.name.text);
    if (!ts.isIdentifier(node.expression)) return;
    const name = node.expression.text;
    const called = functions.get(name);
    if (called === undefined || seen.has(name)) return;
    seen.add(name);
    collect(called, functions, words, seen);
  });
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}
