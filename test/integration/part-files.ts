/**
 * Owns: what a files sink has made visible, as lines and as names.
 *
 * PFI1 Visible is what does not begin with a dot: the same rule as for any reader of such a folder.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { sleep, systemClock } from "../../base/index.ts";

const SHOWN_MAX = 8;
/** Generous: the machine may be busy with other things. */
const DEADLINE_MS = 180_000;
const LOOK_EVERY_MS = 25;

/** `part-<subtask>-<epoch>-<attempt>-<n>-<sink>` */
export type PartFile = {
  readonly name: string;
  readonly subtask: number;
  readonly epoch: number;
  readonly attempt: number;
};

/** The visible parts, by name. A folder that is not there has none. */
export function visibleParts(directory: string): readonly PartFile[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => !name.startsWith("."))
    .toSorted()
    .map((name) => {
      const [, subtask, epoch, attempt] = /^part-(\d+)-(\d+)-(\d+)-\d+-[0-9a-f]{10}$/.exec(name) ?? [];
      assert.ok(attempt !== undefined, `${join(directory, name)} is no part of a files sink`);
      return { name, subtask: Number(subtask), epoch: Number(epoch), attempt: Number(attempt) };
    });
}

/** Hidden parts: written, and not committed. */
export function hiddenParts(directory: string): readonly string[] {
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith(".")) : [];
}

/** Fails if a hidden part stays. Processes that live on drop theirs a little after the job's end, or their own, is known. */
export async function assertNoneHidden(directory: string): Promise<void> {
  const endMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (hiddenParts(directory).length > 0 && systemClock.monotonicMs() < endMs) {
    await sleep(systemClock, LOOK_EVERY_MS);
  }
  assert.deepEqual(hiddenParts(directory), [], "parts that are in no checkpoint are left over");
}

/** The lines of all visible parts. */
export function readLines(directory: string): string[] {
  return visibleParts(directory).flatMap(({ name }) =>
    readFileSync(join(directory, name), "utf8")
      .split("\n")
      .filter((line) => line !== ""),
  );
}

/** Fails unless the counts of each word are 1, 2, 3 …, each once, in any order. */
export function assertRunningCounts(counted: Iterable<readonly [word: string, count: number]>): void {
  const counts = new Map<string, number[]>();
  for (const [word, count] of counted) {
    const seen = counts.get(word);
    if (seen === undefined) counts.set(word, [count]);
    else seen.push(count);
  }
  for (const [word, seen] of counts) {
    const sorted = seen.toSorted((a, b) => a - b);
    const wrong = sorted.findIndex((count, at) => count !== at + 1);
    const place = `${sorted[wrong]} stands where ${wrong + 1} is expected, of ${sorted.length}`;
    assert.equal(wrong, -1, `the counts of "${word}" have gaps or doubles: ${place}`);
  }
}

/** Of a line such as `w7 12`. */
export function countedWord(line: string): readonly [word: string, count: number] {
  const [word = "", count] = line.split(" ");
  return [word, Number(count)];
}

/** Fails unless both hold the same lines equally often; says which are missing and which are there too often. `what`: whose lines they are. */
export function assertSameLines(actual: readonly string[], expected: readonly string[], what = "the output"): void {
  const balance = new Map<string, number>();
  for (const line of expected) balance.set(line, (balance.get(line) ?? 0) + 1);
  for (const line of actual) balance.set(line, (balance.get(line) ?? 0) - 1);
  const missing = [...balance].filter(([, times]) => times > 0);
  const surplus = [...balance].filter(([, times]) => times < 0);
  if (missing.length === 0 && surplus.length === 0) return;
  const show = (rows: readonly (readonly [string, number])[]): string =>
    rows
      .slice(0, SHOWN_MAX)
      .map(([line, times]) => `"${line}" ×${Math.abs(times)}`)
      .join(", ");
  assert.fail(
    `${what} is wrong: ${expected.length} lines expected, ${actual.length} there; ` +
      `${missing.length} different ones missing (${show(missing)}), ${surplus.length} too many (${show(surplus)})`,
  );
}
