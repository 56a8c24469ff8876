/** The log of a node: one JSON object a line, on standard error. */

import { type Logger, pino } from "pino";
import type { LOG_LEVELS } from "./flags.js";

const STANDARD_ERROR = 2;

/** Lines are written at once, so that the last one of a process that fails is there. */
export function openLog(level: (typeof LOG_LEVELS)[number], node: number): Logger {
  return pino({ level, base: { node } }, pino.destination({ fd: STANDARD_ERROR, sync: true }));
}
