/**
 * Owns: the newest checkpoint of a job whose processes are all down, in a local folder: finding it, and damaging it so that it can be mended.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../../base/index.ts";

type Damage = {
  /** In words, with the name of the file. */
  readonly what: string;
  mend(): void;
};

/** Path of the newest manifest of a checkpoint below a job's root; null: it has completed none. */
export function newestCheckpoint(root: string): string | null {
  const folder = join(root, "chk");
  const manifests = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".manifest")) : [];
  const paths = manifests.toSorted().map((name) => join(folder, name));
  return paths.findLast((path) => readFileSync(path, "utf8").includes('"kind":"checkpoint"')) ?? null;
}

/** Damages one file of the checkpoint. */
export function damageCheckpoint(root: string, manifest: string, random: Random): Damage {
  const keys = [...readFileSync(manifest, "utf8").matchAll(/"key":"(data\/[^"]+)"/g)].map(
    (match) => match[1] as string,
  );
  const files = [...new Set(keys)].map((key) => join(root, key));
  const [first, second] = files;
  if (first !== undefined && second !== undefined && random.next() < 0.2) return swap(first, second);
  const path = random.next() < 0.4 || first === undefined ? manifest : first;
  const bytes = readFileSync(path);
  const mend = (): void => writeFileSync(path, bytes);
  const kind = random.next();
  if (kind < 0.4) {
    const changed = Buffer.from(bytes);
    const at = Math.floor(random.next() * changed.length);
    changed[at] = (changed[at] as number) ^ (1 << Math.floor(random.next() * 8));
    writeFileSync(path, changed);
    return { what: `a bit of ${path} is changed`, mend };
  }
  // That a manifest is missing is known from the marker of its commit alone.
  const isMissed = path !== manifest || existsSync(manifest.replace(/manifest$/, "committed"));
  if (kind < 0.7 || !isMissed) {
    writeFileSync(path, bytes.subarray(0, Math.floor(random.next() * bytes.length)));
    return { what: `${path} is cut off`, mend };
  }
  rmSync(path);
  return { what: `${path} is deleted`, mend };
}

function swap(one: string, other: string): Damage {
  const bytes = [readFileSync(one), readFileSync(other)] as const;
  writeFileSync(one, bytes[1]);
  writeFileSync(other, bytes[0]);
  const mend = (): void => {
    writeFileSync(one, bytes[0]);
    writeFileSync(other, bytes[1]);
  };
  return { what: `${one} and ${other} are swapped`, mend };
}
