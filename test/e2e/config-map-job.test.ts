import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { readLines } from "../integration/part-files.ts";
import { Workplace } from "./streamjob-command.ts";

const work = new Workplace();
after(() => work.close());

/** Indented as the block of a YAML text. */
const MODULE = `
    import { job } from "streamjob";
    import { filesSink } from "streamjob/connectors/files";
    import { textOf } from "./text.ts";
    export default job((env) => {
      env
        .fromCollection(["to be", "or not", "to be"], { uid: "lines" })
        .flatMap((line: string) => line.split(" ").map((word) => ({ word, count: 1 })), { uid: "words" })
        .keyBy(({ word }) => word)
        .reduce((a, b) => ({ word: a.word, count: a.count + b.count }), { uid: "counts" })
        .map(textOf, { uid: "text" })
        .sinkTo(filesSink({ directory: env.args[0] ?? "" }), { uid: "files" });
    });`;

/** Two files: the second says how a count is written. */
const manifest = (version: number, format: string): string => `
apiVersion: v1
kind: ConfigMap
metadata: { name: words-v${version} }
data:
  job.ts: |${MODULE}
  text.ts: |
    export const textOf = ({ word, count }: { word: string; count: number }): string => ${format};
---
apiVersion: streamjob.dev/v1alpha1
kind: StreamJob
metadata: { name: words }
spec:
  job: { configMap: { name: words-v${version}, key: job.ts }, args: [${work.path(`counts-${version}`)}] }
`;

test("a job whose modules a ConfigMap holds runs to its end, and another version of it under another name", async () => {
  const path = work.path("words.yaml");
  for (const [version, format, last] of [
    [1, "`${word} ${count}`", "be 2"],
    [2, "`${word}: ${count}`", "be: 2"],
  ] as const) {
    writeFileSync(path, manifest(version, format));
    const run = await work.run("run", path);
    assert.equal(run.exitCode, 0, run.stderr + run.stdout);
    const lines = readLines(work.path(`counts-${version}`));
    assert.ok(lines.includes(last), lines.join());
  }
});

for (const [what, good, bad, told] of [
  [
    "a key that the ConfigMap does not have",
    "key: job.ts",
    "key: other.ts",
    /does not run and is not retried: .*other\.ts/,
  ],
  ["a ConfigMap that is not there", "name: words-v2, key", "name: nowhere, key", /ConfigMap .*nowhere/i],
] as const) {
  test(`${what} is told by its name, and the job that was there stays as it ended`, async () => {
    const path = work.path("broken.yaml");
    writeFileSync(path, manifest(2, "`${word}: ${count}`").replace(good, bad));
    const run = work.start("run", path);
    await run.until("it is told", () => told.test(run.stderr));
    run.signal("SIGINT");
    assert.equal(await run.exit(), 0, run.stderr);
    assert.equal(readLines(work.path("counts-2")).length, 6);
  });
}
