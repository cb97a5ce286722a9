import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { PodConfig } from "../contract/index.ts";
import { readPodConfig } from "./pod-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "pod-settings-"));
after(() => rmSync(folder, { recursive: true }));

const config: PodConfig = {
  version: 1,
  jobId: "ab".repeat(16),
  jobName: "wc",
  program: { kind: "module", path: "/job.ts" },
  args: [],
  options: {},
  storeUri: "file:///s",
  savepointDirectory: null,
  parallelism: 1,
  maxParallelism: null,
  taskManagers: 1,
  slots: 1,
};

test("PG1 arguments and options that are larger than a variable may be, come in a file", () => {
  const args = Array.from({ length: 100 }, () => "x".repeat(4000));
  const path = join(folder, "large.json");
  writeFileSync(path, JSON.stringify({ args, options: { "a.b": "c" } }));
  assert.deepEqual(readPodConfig(JSON.stringify(config), path), { ...config, args, options: { "a.b": "c" } });
  assert.deepEqual(readPodConfig(JSON.stringify(config), undefined), config);
  const tooLarge = spawnSync(process.execPath, ["-e", ""], { env: { CONFIG: JSON.stringify({ ...config, args }) } });
  assert.equal((tooLarge.error as NodeJS.ErrnoException | undefined)?.code, "E2BIG", "the reason for the file");
});

test("a configuration of a newer operator is refused with both versions (FV2)", () => {
  const newer = JSON.stringify({ ...config, version: 2, unheardOf: true });
  assert.throws(() => readPodConfig(newer, undefined), {
    code: "FORMAT_TOO_NEW",
    message: /the variable STREAMJOB_CONFIG is of version 2, .* reads version 1: use the StreamJob/,
  });
});

test("a program of a kind that nobody runs yet is refused by name (PGR1)", () => {
  const later = JSON.stringify({ ...config, program: { kind: "jar", path: "/opt/job.jar" } });
  const message =
    /field "program.*": this StreamJob runs programs of kind module, configMap, inline and sql, not "jar"/;
  assert.throws(() => readPodConfig(later, undefined), { code: "OPTION_INVALID", message });
  for (const program of [
    { kind: "configMap", name: "code", key: "job.ts", path: "/opt/job.ts" },
    { kind: "inline", path: "/opt/job.ts" },
    { kind: "sql", path: "/opt/job.sql" },
  ] as const)
    assert.deepEqual(readPodConfig(JSON.stringify({ ...config, program }), undefined).program, program);
});

test("a configuration that cannot be read is refused with where and what", () => {
  const path = join(folder, "broken.json");
  writeFileSync(path, "{");
  const text = JSON.stringify(config);
  assert.throws(() => readPodConfig("{", undefined), /STREAMJOB_CONFIG is not JSON/);
  assert.throws(() => readPodConfig(JSON.stringify({ ...config, slots: 0 }), undefined), /CONFIG: field "slots"/);
  assert.throws(() => readPodConfig(text, path), /broken\.json is not JSON/);
  assert.throws(() => readPodConfig(text, join(folder, "none.json")), /none\.json, which STREAMJOB_LARGE_CONFIG names/);
});
