import assert from "node:assert/strict";
import { test } from "node:test";
import { type InlineJob, inlineManifest } from "./inline-job.ts";

const plain: InlineJob = { module: "jobs/Word_count.ts", name: null, image: null, args: [], options: {} };
const CODE = 'import { job } from "streamjob";\nexport default job(() => {});\n';

const made = (text: string, job: Partial<InlineJob> = {}): object => {
  const manifest = inlineManifest(text, { ...plain, ...job });
  assert.ok(manifest.kind === "manifest", JSON.stringify(manifest));
  return JSON.parse(manifest.text);
};
const refused = (text: string, job: Partial<InlineJob> = {}): string => {
  const manifest = inlineManifest(text, { ...plain, ...job });
  assert.ok(manifest.kind === "refused", JSON.stringify(manifest));
  return manifest.message;
};

test("a module is a StreamJob with its text inline, named after its file", () => {
  assert.deepEqual(made(CODE), {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "word-count" },
    spec: { job: { inline: CODE } },
  });
});

test("a script of SQL is a StreamJob with its statements, which import nothing", () => {
  const script = "INSERT INTO t SELECT 'import { a } from \"./a.ts\"';\n";
  assert.deepEqual(made(script, { module: "jobs/Daily_totals.sql" }), {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "daily-totals" },
    spec: { job: { sql: script } },
  });
});

test("a script with functions in files is refused by their names: the cluster would not find them (INJ1)", () => {
  const create = "CREATE TEMPORARY FUNCTION IF NOT EXISTS f AS './f.ts#f' LANGUAGE TYPESCRIPT;\n";
  const job = { name: null, image: null, args: [], options: {}, module: "job.sql" };
  const refused = inlineManifest(`${create}CREATE FUNCTION g AS '../g.ts'; SELECT f(1);`, job);
  assert.ok(refused.kind === "refused");
  assert.match(refused.message, /^has functions in \.\/f\.ts, \.\.\/g\.ts, and a cluster gets this one file/);
  const java = "CREATE FUNCTION f AS 'com.example.F' LANGUAGE JAVA; SELECT a AS './b.ts' FROM t;";
  assert.equal(inlineManifest(java, job).kind, "manifest");
});

test("what is a flag locally is a field", () => {
  const flags = {
    name: "wc",
    image: "shop/jobs:1",
    args: ["--fast"],
    options: { "a.b": "c" },
    parallelism: 3,
    taskManagers: 2,
    slots: 4,
    restore: { path: "s3://b/s", allowNonRestoredState: true },
  };
  assert.deepEqual(made(CODE, flags), {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "wc" },
    spec: {
      image: "shop/jobs:1",
      job: { inline: CODE, args: ["--fast"] },
      parallelism: 3,
      taskManager: { replicas: 2, slots: 4 },
      restore: { path: "s3://b/s", allowNonRestoredState: true },
      config: { "a.b": "c" },
    },
  });
});

test("INJ1 files that are imported by a path are refused by name, however they are imported", () => {
  for (const code of [
    'import { a } from "./a.ts";',
    "import {\n  a,\n  b,\n} from './a.ts';",
    'import "./a.ts";',
    'export * from "./a.ts";',
    'const a = await import("./a.ts");',
    'import { a } from "file:///x/a.ts";',
  ])
    assert.match(refused(code), /^imports (?:\.\/a\.ts|file:\/\/\/x\/a\.ts), .*ConfigMap/, code);
  assert.match(refused('import "../a.ts";\nimport "./b.ts";', { image: "i" }), /^imports \.\.\/a\.ts, \.\/b\.ts,/);
});

test("INJ1 packages that the operator's image lacks are refused; an image of the person's own may have them", () => {
  const code = 'import _ from "lodash";\nimport { z } from "@scope/z/sub";\n';
  assert.match(refused(code), /^imports lodash, @scope\/z\/sub, .*--image/);
  made(code, { image: "shop/jobs:1" });
});

test("INJ1 what every pod finds, types alone, and what only looks like an import are taken", () => {
  made('import fs from "node:fs";\nimport { join } from "path";\nimport { t } from "streamjob/connectors/basic";\n');
  made('import type { Row } from "./rows.ts";\n');
  made('// import { a } from "./a.ts";\nconst text = "import x from \\"y\\"";\n');
});
