/**
 * Owns: what a golden file is, where it lies, and how its bytes are kept as text.
 * Called by: the forms, the tests, tools/golden.ts.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export type Form = {
  /** In `files/`: `<name>.v<version>.<ending>`. `.base64`: bytes that are no text. */
  readonly file: string;
  /** The same values in the form that this program writes; null: it writes a newer version by now, and only reads this one. */
  readonly write: (() => Uint8Array | Promise<Uint8Array>) | null;
  /** What this program reads there. */
  readonly read: (bytes: Uint8Array) => unknown;
  /** What it must have read, written by hand. */
  readonly means: unknown;
  /** The file as a program of the next version would write it; null: docs/formats.md says why none is refused. */
  readonly newer: ((bytes: Uint8Array) => Uint8Array) | null;
};

const folder = fileURLToPath(new URL("./files/", import.meta.url));
const LINE_LENGTH = 120;

export const pathOf = (file: string): string => join(folder, file);

/** The bytes that the golden file stands for. */
export function readGolden(file: string): Uint8Array {
  const text = readFileSync(pathOf(file));
  return file.endsWith(".base64") ? Buffer.from(text.toString("latin1"), "base64") : text;
}

/** What is kept of those bytes. */
export function textOf(file: string, bytes: Uint8Array): string {
  if (!file.endsWith(".base64")) return Buffer.from(bytes).toString("utf8");
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(new RegExp(`.{1,${LINE_LENGTH}}`, "g")) ?? [];
  return `${lines.join("\n")}\n`;
}

export const replaced =
  (from: string, to: string) =>
  (bytes: Uint8Array): Uint8Array => {
    const text = Buffer.from(bytes).toString("utf8");
    const at = text.lastIndexOf(from);
    if (at < 0) throw new Error(`there is no ${from} in it`);
    return Buffer.from(text.slice(0, at) + to + text.slice(at + from.length));
  };

/** The first `"version":1` of a JSON text becomes 2. */
export const nextJsonVersion = (bytes: Uint8Array): Uint8Array => {
  const text = Buffer.from(bytes).toString("utf8");
  const changed = text.replace(/"version":( ?)1\b/, '"version":$12');
  if (changed === text) throw new Error("there is no version in it");
  return Buffer.from(changed);
};

export async function inFolder<T>(work: (path: string) => T | Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), "streamjob-golden-"));
  try {
    return await work(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** A folder's files as one JSON object, name to text, or to {base64}. */
export type Bundle = Readonly<Record<string, string | { readonly base64: string }>>;

export function bundle(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries = [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => [name, inBundle(bytes)]);
  return Buffer.from(`${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`);
}

function inBundle(bytes: Uint8Array): Bundle[string] {
  const text = Buffer.from(bytes).toString("utf8");
  return Buffer.from(text).equals(bytes) && !text.includes("\0")
    ? text
    : { base64: Buffer.from(bytes).toString("base64") };
}

export function unbundle(bytes: Uint8Array): Map<string, Uint8Array> {
  const files = JSON.parse(Buffer.from(bytes).toString("utf8")) as Bundle;
  return new Map(
    Object.entries(files).map(([name, file]) => [
      name,
      typeof file === "string" ? Buffer.from(file) : Buffer.from(file.base64, "base64"),
    ]),
  );
}

export function writeFiles(path: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, bytes] of files) writeFileSync(join(path, name), bytes);
}
