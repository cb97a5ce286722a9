/**
 * Owns: making contents and names of files survive a crash of the machine.
 */
import { fsync } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";

/** Resolves when the file's contents are durable. */
export const syncFile: (fd: number) => Promise<void> = promisify(fsync);

/** Resolves when the names in a folder are durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a folder and those above it; the name of each is durable. `folder`: absolute. */
export async function makeFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true });
  if (firstMade === undefined) return;
  for (let made = folder; made.length >= firstMade.length; made = dirname(made)) await syncFolder(dirname(made));
}
