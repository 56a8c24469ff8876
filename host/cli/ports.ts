/**
 * Finds ports that are free. Whether a port still is when it is used nobody can promise: who uses it has to be ready to
 * hear that it is taken.
 */

import { createServer } from "node:net";
import { UsageError } from "./output.js";

const MAX_PORT = 65535;

/** Whether the port can be listened on. */
export function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    try {
      server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
    } catch {
      // No port at all: above 65535, at the end of a row.
      resolve(false);
    }
  });
}

/** The first `count` free ports from `first` on, without those of `except`. */
export async function findFreePorts(
  host: string,
  first: number,
  count: number,
  except: readonly number[] = [],
): Promise<number[]> {
  const found: number[] = [];
  for (let port = first; port <= MAX_PORT && found.length < count; port++) {
    if (!except.includes(port) && (await isFree(host, port))) found.push(port);
  }
  if (found.length === count) return found;
  throw new UsageError(`fewer than ${count} ports from ${first} on are free on ${host}: choose another first port`);
}
