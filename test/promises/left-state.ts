/** Owns: the newest state that a StreamJob left behind, found as a person would find it: by the files alone. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { chainOf, readLog } from "../../runtime/checkpoint/index.ts";
import { openStore } from "../../runtime/storage/index.ts";

/** `root`: folder of stores; `after`: of those that were written since. A location to restore from; null: there is none. */
export async function newestLeft(root: string, after: ReadonlySet<string>): Promise<string | null> {
  if (!existsSync(root)) return null;
  const stores = storesIn(root)
    .filter((name) => !after.has(name) && existsSync(join(root, name, "activation")))
    .sort((a, b) => acceptedMs(join(root, b)) - acceptedMs(join(root, a)));
  for (const name of stores) {
    const found = await newestIn(join(root, name));
    if (found !== null) return found;
  }
  return null;
}

export const storesIn = (root: string): readonly string[] =>
  existsSync(root) ? readdirSync(root).filter((name) => /^[0-9a-f]{32}$/.test(name)) : [];

const acceptedMs = (store: string): number => statSync(join(store, "activation")).mtimeMs;

async function newestIn(folder: string): Promise<string | null> {
  const result = join(folder, "result");
  if (existsSync(result)) {
    const { savepoint } = JSON.parse(readFileSync(result, "utf8")) as { readonly savepoint: string | null };
    if (savepoint !== null) return savepoint;
  }
  const [manifest] = chainOf(await readLog(await openStore(folder)));
  if (manifest === undefined) return null;
  return manifest.storeUri ?? join(folder, "chk", `${String(manifest.seq).padStart(10, "0")}.manifest`);
}
