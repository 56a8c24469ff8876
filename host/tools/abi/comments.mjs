/**
 * The doc comments of a declaration, and the comment that opens a file.
 */

import ts from "typescript";

/**
 * @typedef {object} DocComment
 * @property {string} text
 * @property {ReadonlyMap<string, string>} parameters
 * @property {string} returns
 * @property {boolean} internal
 */

/** @param {string | ts.NodeArray<ts.JSDocComment> | undefined} comment */
function plainText(comment) {
  const text = ts.getTextOfJSDocComment(comment) ?? "";
  return text.replace(/\{@link(?:code|plain)?\s+([^}]+)\}/g, (_, target) => target.trim()).trim();
}

/**
 * @param {ts.Node} node
 * @returns {DocComment} Empty when the declaration has none.
 */
export function docComment(node) {
  const comment = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1);
  const tags = comment?.tags ?? [];
  /** @type {Map<string, string>} */
  const parameters = new Map();
  for (const tag of tags) {
    if (ts.isJSDocParameterTag(tag)) parameters.set(tag.name.getText(), plainText(tag.comment).replace(/^-\s+/, ""));
  }
  const returns = tags.find(ts.isJSDocReturnTag);
  return {
    text: plainText(comment?.comment),
    parameters,
    returns: plainText(returns?.comment),
    internal: tags.some((tag) => tag.tagName.text === "internal"),
  };
}

/**
 * The comment that opens a file: it is followed by an empty line, or else it belongs to the first declaration.
 * @param {ts.SourceFile} file
 * @returns {string}
 */
export function openingComment(file) {
  const text = file.text;
  const comments = ts.getLeadingCommentRanges(text, 0) ?? [];
  const opening = comments.findIndex(({ end }) => /^[^\S\n]*\n[^\S\n]*(\n|$)/.test(text.slice(end)));
  return comments
    .slice(0, opening + 1)
    .flatMap(({ pos, end }) => text.slice(pos, end).split("\n"))
    .map((line) => line.replace(/^\s*(\/\*\*?|\*\/|\*|\/\/)\s?/, "").replace(/\s*\*\/\s*$/, ""))
    .join("\n")
    .trim();
}
