/** Values in TLA+'s notation. */

/** @typedef {{ voters: number[], outgoing?: number[], learners?: number[], witnesses?: number[] }} Members */

/** @param {readonly (number | string)[]} values */
export function set(values) {
  return `{${values.map(value).join(", ")}}`;
}

/** @param {Members} members */
export function configuration({ voters, outgoing = [], learners = [], witnesses = [] }) {
  return `Configuration(${[voters, outgoing, learners, witnesses].map(set).join(", ")})`;
}

/** @param {{ term: number, kind: string, configuration?: Members }} entry */
function entry({ configuration: members, kind, term }) {
  if (members !== undefined) return `Change(${term}, ${configuration(members)})`;
  return kind === "noop" ? `Noop(${term})` : `Command(${term})`;
}

/** A value of JSON: an object is a record, but for configurations and entries. @param {unknown} json @returns {string} */
export function value(json) {
  if (typeof json === "boolean") return json ? "TRUE" : "FALSE";
  if (typeof json === "number" || typeof json === "string") return JSON.stringify(json);
  if (Array.isArray(json)) return `<<${json.map(value).join(", ")}>>`;
  if (json === null || typeof json !== "object") return '"nothing"';
  if ("voters" in json) return configuration(/** @type {Members} */ (json));
  if ("kind" in json && !("from" in json)) return entry(/** @type {Parameters<typeof entry>[0]} */ (json));
  const fields = Object.entries(json).map(([name, field]) => `${name} |-> ${value(field)}`);
  return `[${fields.join(", ")}]`;
}
