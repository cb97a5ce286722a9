/**
 * Owns: examples/11-kubernetes/words.yaml with its counts in a folder of this machine, which is mounted into the pods of either node, and
 * what is in that folder.
 *
 * WOC1 What is exact: of each word the visible lines are 1, 2, 3 …, each once.
 */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import type { StreamJob, StreamJobSpec } from "../../crds/index.ts";
import { readLines } from "../integration/part-files.ts";
import { until } from "../kubernetes/until.ts";

const example = fileURLToPath(new URL("../../examples/11-kubernetes/words.yaml", import.meta.url));
const MOUNTED = "/counts";
const WORDS = 8;
/** Pods are started, the machine may be busy. */
const PATIENCE_MS = 240_000;

export class WordCounts {
  readonly #folder: string;
  readonly #example: StreamJob;
  #seen = 0;

  private constructor(folder: string, job: StreamJob) {
    this.#folder = folder;
    this.#example = job;
  }

  static async open(): Promise<WordCounts> {
    const folder = await mkdtemp(join(tmpdir(), "streamjob-counts-"));
    // The pods' user is another one.
    await chmod(folder, 0o777);
    return new WordCounts(folder, parse(await readFile(example, "utf8")) as StreamJob);
  }

  /** The example as a team edits it; `spec` is laid over it. */
  manifest(spec: Partial<StreamJobSpec> = {}): string {
    const template = (name: string): object => ({
      podTemplate: {
        spec: {
          containers: [{ name, volumeMounts: [{ name: "counts", mountPath: MOUNTED }] }],
          volumes: [{ name: "counts", hostPath: { path: this.#folder } }],
        },
      },
    });
    const { job, ...rest } = this.#example.spec;
    const own = {
      ...rest,
      job: { ...job, args: [MOUNTED] },
      upgrade: { stability: { window: "1s" } },
      jobManager: template("jobmanager"),
      taskManager: template("taskmanager"),
    };
    return stringify({ ...this.#example, spec: { ...own, ...spec } });
  }

  /** `job` of the manifest with other text in it. */
  edited(from: string, to: string): StreamJobSpec["job"] {
    const { inline = "" } = this.#example.spec.job;
    assert.ok(inline.includes(from), `the example does not hold ${from}`);
    return { inline: inline.replace(from, to), args: [MOUNTED] };
  }

  /** Waits until there are more than at the last call, and one that looks like this. Fails when they are not exact (WOC1). */
  async goOn(like = /^/): Promise<void> {
    let total = 0;
    await until(
      `more counts than ${this.#seen}, without a gap`,
      () => {
        const lines = readLines(this.#folder);
        const { counts, isWhole } = countsOf(lines);
        total = [...counts.values()].reduce((sum, seen) => sum + seen.length, 0);
        const isSeen = lines.some((line) => like.test(line));
        return isSeen && isWhole && counts.size === WORDS && total > this.#seen;
      },
      PATIENCE_MS,
    );
    this.#seen = total;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** A part of a checkpoint may be seen before another: a gap can close, a double cannot. */
function countsOf(lines: readonly string[]): {
  readonly counts: ReadonlyMap<string, readonly number[]>;
  readonly isWhole: boolean;
} {
  const counts = new Map<string, number[]>();
  for (const line of lines) {
    const [, word = "", count = ""] = /^(\w+):? (\d+)$/.exec(line) ?? [];
    assert.notEqual(word, "", `"${line}" is no count`);
    counts.set(word, [...(counts.get(word) ?? []), Number(count)]);
  }
  for (const [word, seen] of counts) {
    assert.equal(new Set(seen).size, seen.length, `counts of "${word}" are there twice`);
  }
  const isWhole = [...counts.values()].every((seen) => Math.max(...seen) === seen.length);
  return { counts, isWhole };
}
