/**
 * Addresses of the TCP transport: "host:port", an IPv6 host in brackets: "[::1]:7001".
 */

import { isIPv6 } from "node:net";
import { TransportError } from "./transport.js";

export interface SocketAddress {
  /** A name or an IP address, without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** Longest host name there is (RFC 1035, 2.3.4). */
const MAX_HOST_LENGTH = 253;
const MAX_PORT = 65535;
/** A host in brackets or of the characters that names have, then a colon and the digits of the port. */
const ADDRESS = /^(?:\[([^[\]]+)\]|([\w.-]+)):(\d{1,5})$/;

/** Reads an address. @throws TransportError that shows the form an address has. */
export function parseAddress(text: string): SocketAddress {
  const [, bracketed, plain, digits] = ADDRESS.exec(text) ?? [];
  const host = bracketed ?? plain ?? "";
  const port = Number(digits);
  const wrong =
    host === "" ||
    host.length > MAX_HOST_LENGTH ||
    !(port >= 1 && port <= MAX_PORT) ||
    (bracketed !== undefined && !isIPv6(bracketed));
  if (wrong) {
    const shown = JSON.stringify(text.slice(0, MAX_HOST_LENGTH));
    throw new TransportError(`${shown} is not an address: write host:port, or [host]:port for IPv6, port 1 to 65535`);
  }
  return { host, port };
}

/** Writes an address in the form {@link parseAddress} reads. */
export function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
