/** Names of files, as a disk changes them: `File` is whatever lies under a name. */

export type NameChange<File> =
  | { readonly remove: string }
  | { readonly name: string; readonly inode: File; readonly from?: string };

export function applyName<File>(names: Map<string, File>, change: NameChange<File>): void {
  if ("remove" in change) {
    names.delete(change.remove);
    return;
  }
  if (change.from !== undefined) names.delete(change.from);
  names.set(change.name, change.inode);
}
