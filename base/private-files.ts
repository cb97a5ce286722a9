/**
 * Owns: how what the product writes for itself is made: readable by its owner alone, since it holds environments, tokens and data.
 * Not here: what users told it to write elsewhere (sinks, savepoints, checkpoints in a folder that they named): their umask decides.
 *
 * PRF1 Folders are 0700, files 0600, whatever the umask; a folder of ours from before is made so.
 */
import { chmodSync, mkdirSync, statSync } from "node:fs";
import { chmod, mkdir, stat } from "node:fs/promises";

export const PRIVATE_FILE = 0o600;
export const PRIVATE_FOLDER = 0o700;

const OTHERS = 0o077;

/** With its parents, as far as they are not there. Errors: of the file system. */
export function makePrivateFolderSync(path: string): void {
  mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
  if (isOpen(statSync(path))) chmodSync(path, PRIVATE_FOLDER);
}

/** The same. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER });
  if (isOpen(await stat(path))) await chmod(path, PRIVATE_FOLDER);
}

/** Somebody else's is left as it is: whoever made it chose that. */
function isOpen({ mode, uid }: { readonly mode: number; readonly uid: number }): boolean {
  return (mode & OTHERS) !== 0 && uid === process.getuid?.();
}
