import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLog } from "../../base/index.ts";
import type { Pod } from "../../operator/kubernetes/api/index.ts";
import { ContainerLog, readContainerLog } from "./container-log.ts";
import { podLogs } from "./pod-logs.ts";

const folder = mkdtempSync(join(tmpdir(), "container-log-"));
test.after(() => rmSync(folder, { recursive: true }));

function written(path: string, bytesMax: number, ...pieces: string[]): ContainerLog {
  const log = new ContainerLog(path, bytesMax, silentLog);
  for (const piece of pieces) log.write(Buffer.from(piece));
  log.close();
  return log;
}

test("a log keeps its newest bytes and no more than twice its limit (CLO1)", async () => {
  const path = join(folder, "a", "main");
  written(path, 10, "0123456789", "abcdefghij", "ABCDEFGHIJ", "x");
  assert.equal(await readContainerLog(path, false), "ABCDEFGHIJx");
});

test("the instance before can be read, the one before that is gone (CLO2)", async () => {
  const path = join(folder, "b", "main");
  assert.equal(await readContainerLog(path, false), null);
  written(path, 4, "one1", "ONE1");
  written(path, 100, "two");
  assert.equal(await readContainerLog(path, true), "one1ONE1");
  written(path, 100, "three");
  assert.equal(await readContainerLog(path, false), "three");
  assert.equal(await readContainerLog(path, true), "two");
});

test("a log that cannot be written does not stop its container (CLO3)", () => {
  writeFileSync(join(folder, "file"), "");
  const log = new ContainerLog(join(folder, "file", "main"), 100, silentLog);
  log.write(Buffer.from("text"));
  assert.equal(log.tail, "text");
});

test("the tail is whole lines from the end", () => {
  const lines = Array.from({ length: 500 }, (_, i) => `line number ${i}`);
  const { tail } = written(join(folder, "c", "main"), 1 << 20, `${lines.join("\n")}\n`);
  assert.ok(tail.length <= 2048 && tail.endsWith("line number 499"));
  assert.match(tail, /^line number \d+\n/);
});

test("logs of a pod are cut to the last lines", async () => {
  written(join(folder, "pod", "logs", "main"), 1000, "one\ntwo\nthree\n");
  const logs = podLogs(() => join(folder, "pod"));
  const pod: Pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: "prod", name: "p" },
    spec: { containers: [{ name: "main", image: "i" }] },
  };
  assert.equal(await logs(pod, {}), "one\ntwo\nthree\n");
  assert.equal(await logs(pod, { tailLines: 2 }), "two\nthree\n");
  assert.equal(await logs(pod, { tailLines: 0 }), "");
  assert.equal(await logs(pod, { tailLines: 9 }), "one\ntwo\nthree\n");
  await assert.rejects(logs(pod, { container: "other" }), /it has main/);
  await assert.rejects(logs(pod, { previous: true }), /previous terminated container/);
});
