/** Parts of hosts that are worse than those that are shipped: what the simulator of hosts has to notice. */

import type { FileSystem, WalFile } from "../../host/storage/wal/file-system.js";
import { type HostSettings, runHostWorld } from "../../sim/host-world/index.js";
import type { HostMachine } from "../../sim/host-world/judged-machine.js";

/** Seeds that are tried for what not every run comes upon. */
export const MOST_SEEDS = 20;

/** The first rule that is broken in runs of some seeds, from that of the settings on; null if none is. */
export async function brokenBy(settings: Partial<HostSettings>): Promise<string | null> {
  const { seed: first = 1 } = settings;
  for (let seed = first; seed < first + MOST_SEEDS; seed++) {
    const { rule } = await runHostWorld({ ...settings, seed });
    if (rule !== null) return rule;
  }
  return null;
}

/** A file system with some calls replaced. */
export function withFiles(
  change: (file: WalFile, name: string, fs: FileSystem) => Partial<WalFile>,
  also: (fs: FileSystem) => Partial<FileSystem> = () => ({}),
) {
  return (fs: FileSystem): FileSystem => ({
    makeFolder: (folder) => fs.makeFolder(folder),
    lock: (folder) => fs.lock(folder),
    list: (folder) => fs.list(folder),
    rename: (from, to) => fs.rename(from, to),
    remove: (name) => fs.remove(name),
    syncFolder: (folder) => fs.syncFolder(folder),
    open: (name, mode) => {
      const file = fs.open(name, mode);
      const whole: WalFile = {
        size: () => file.size(),
        read: (into, at) => file.read(into, at),
        write: (bytes, at) => file.write(bytes, at),
        sync: () => file.sync(),
        truncate: (size) => file.truncate(size),
        close: () => file.close(),
      };
      return { ...whole, ...change(file, name, fs) };
    },
    ...also(fs),
  });
}

/** A machine with some calls replaced. */
export function withMachine(change: (machine: HostMachine) => Partial<HostMachine>) {
  return (machine: HostMachine): HostMachine => ({
    apply: (command, position) => machine.apply(command, position),
    digest: () => machine.digest(),
    get: (key) => machine.get(key),
    restore: (snapshot) => machine.restore(snapshot),
    snapshot: () => machine.snapshot(),
    ...change(machine),
  });
}

/** Disks on which syncing a file does nothing. */
export const withoutSync = withFiles(() => ({ sync: async () => undefined }));
