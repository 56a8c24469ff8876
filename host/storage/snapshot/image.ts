/** The image of a snapshot, on every host: the configuration as of its index in wire form, then the machine's bytes. */

import { Configuration } from "../../core/abi.js";
import { type ConfigurationInfo, configurationLength, decodeConfiguration } from "../../core/configuration.js";

export interface SnapshotImage {
  /** In wire form. */
  readonly configuration: Uint8Array;
  readonly members: ConfigurationInfo;
  /** What the state machine wrote. */
  readonly machine: Uint8Array;
}

/** Takes an image apart, without copying. @returns undefined if it does not begin with a whole configuration. */
export function splitImage(image: Uint8Array): SnapshotImage | undefined {
  if (image.length < Configuration.size) return undefined;
  try {
    const length = configurationLength(new DataView(image.buffer, image.byteOffset, image.byteLength), 0);
    const configuration = image.subarray(0, length);
    return { configuration, members: decodeConfiguration(configuration), machine: image.subarray(length) };
  } catch (error) {
    // The bytes end before the configuration does.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
