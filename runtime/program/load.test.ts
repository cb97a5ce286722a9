import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { StreamError } from "../../base/index.ts";
import { loadJobGraph, modulesBeside, loadStreamGraph } from "./load.ts";

// Outside of the package's folder, so that `streamjob` is found by MR1 only; the blank is part of the test.
const folder = await mkdtemp(join(tmpdir(), "streamjob load-"));
after(() => rm(folder, { recursive: true, force: true }));

let files = 0;
/** Writes a job module under a fresh name, as Node imports each only once (LOA2). */
async function moduleOf(text: string, name = `job-${files++}.ts`): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
const load = (module: string, options: Record<string, string> = {}, args: readonly string[] = []) =>
  loadStreamGraph({ module, options, args });

const WORDS = `
import { job, t } from "streamjob";
export default job(async (env) => {
  await Promise.resolve();
  env.fromCollection(env.args, { type: t.string }).keyBy((word: string) => word).reduce((left) => left, { uid: "first" }).print();
});`;

test("a module outside of the package imports streamjob, and its file name is the job's name (MR1, BU1)", async () => {
  const graph = await load(await moduleOf(WORDS, "count-words.ts"), { "parallelism.default": "2" }, ["a", "b"]);
  assert.equal(graph.configuration.jobName, "count-words");
  assert.deepEqual(
    graph.nodes.map((node) => node.role),
    ["source", "operator", "sink"],
  );
});

test("a module outside of the package imports every connector that the package exports (MR1)", async () => {
  const { exports } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    exports: Record<string, string>;
  };
  const names = Object.keys(exports).filter((name) => name.startsWith("./connectors/"));
  assert.ok(names.length > 0);
  const imports = names.map((name) => `import "streamjob/${name.slice(2)}";\n`).join("");
  await load(await moduleOf(imports + WORDS));
});

test("each load of a module builds the same job graph", async () => {
  const module = await moduleOf(WORDS);
  const source = { module, options: {}, args: [] };
  const [first, second] = [await loadJobGraph(source), await loadJobGraph(source, [undefined, 300])];
  assert.equal(first.fingerprint, second.fingerprint);
  assert.deepEqual(
    second.vertices.map((vertex) => vertex.maxParallelism),
    [128, 300],
  );
});

const FUNCTIONS = `
import { t } from "streamjob";
import { scalarFunction } from "streamjob/table";
import { STAR } from "./star.ts";
export const mask = scalarFunction({ arguments: [t.string], returns: t.string, call: (text: string): string => text.replaceAll(/./g, STAR) });`;

test("a script's functions are exports of modules beside it, which import what they like", async () => {
  await moduleOf(FUNCTIONS, "functions.ts");
  await moduleOf(`export const STAR = "*";`, "star.ts");
  const create = "CREATE FUNCTION mask AS './functions.ts#mask' LANGUAGE TYPESCRIPT;";
  const script = await moduleOf(`${create} SELECT mask(w) FROM (VALUES ('a')) AS v(w);`, "masked.sql");
  const graph = await load(script);
  assert.equal(graph.configuration.jobName, "masked");
  assert.ok(graph.nodes.some(({ role }) => role === "operator"));
});

test("a script and its modules may be behind links, as in the volume of a ConfigMap", async () => {
  const version = join(folder, "..2026_11_30");
  await mkdir(version);
  const texts = {
    "job.sql": "CREATE FUNCTION mask AS './masks.ts#mask'; SELECT mask('a');",
    "masks.ts": FUNCTIONS,
    "star.ts": `export const STAR = "*";`,
  };
  const volume = join(folder, "volume");
  await mkdir(volume);
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(version, name), text);
    await symlink(join("..", "..2026_11_30", name), join(volume, name));
  }
  const graph = await load(join(volume, "job.sql"));
  assert.equal(graph.configuration.jobName, "job");
});

test("a shell loads a module of functions again when its file has changed, also one that had failed (LOA2)", async () => {
  const modules = modulesBeside(folder, { followsEdits: true });
  await moduleOf(`\n\nthrow new Error("no luck");`, "edited.ts");
  await assert.rejects(modules("./edited.ts"), /at .*edited\.ts:3: Error: no luck/);
  for (const value of [1, 22]) {
    await moduleOf(`export const value = ${value};`, "edited.ts");
    assert.equal((await modules("./edited.ts"))["value"], value);
  }
});

for (const [what, as, message] of [
  [
    "is not there",
    "./nowhere.ts#f",
    /masked\.sql:1:22: the module \.\/nowhere\.ts cannot be used: there is no file .*nowhere\.ts/,
  ],
  ["is a package", "lodash#f", /lodash is no path; write '\.\/lodash'/],
  ["is a folder", "..#f", /\.\. is no path/],
  ["throws", "./throwing.ts#f", /it failed while it was loaded, at .*throwing\.ts:2: Error: no luck/],
] as const)
  test(`a module of functions that ${what} is a mistake of the script, at its place`, async () => {
    await moduleOf(`\nthrow new Error("no luck");`, "throwing.ts");
    const script = await moduleOf(`CREATE FUNCTION f AS '${as}' LANGUAGE TYPESCRIPT; SELECT f(1);`, "masked.sql");
    await assert.rejects(load(script), (error) => {
      assert.ok(error instanceof StreamError, String(error));
      assert.equal(error.code, "SQL_INVALID");
      assert.match(error.message, message);
      return true;
    });
  });

const broken: Readonly<Record<string, readonly [text: string, message: RegExp]>> = {
  "a module that throws": [
    `\n\nthrow new Error("no luck");`,
    /failed while it was loaded, at .*job-\d+\.ts:3: Error: no luck/,
  ],
  "a syntax error": [
    `import { job } from "streamjob";\nexport default job(() => { const 3 = 4; });`,
    /job-\d+\.ts:2: SyntaxError/,
  ],
  "syntax that cannot be stripped": [`enum Colour { Red }\nexport default Colour;`, /job-\d+\.ts:1: .*enum/],
  "an import of a file that is not there": [`import "./nowhere.ts";`, /nowhere\.ts' imported from .*job-\d+\.ts/],
  "an import of a name that is not there": [
    `import { jobs } from "streamjob";\nexport default jobs;`,
    /job-\d+\.ts:1: .*'jobs'/,
  ],
  "no default export": [`export const job = 1;`, /has no default export; write: export default job/],
  "a default export that is no job": [`export default () => {};`, /the default export is not a job/],
  "a build function that throws": [
    `import { job } from "streamjob";\nexport default job(() => {\n  JSON.parse("{");\n});`,
    /build function threw, at .*job-\d+\.ts:3: SyntaxError/,
  ],
  "a build function that throws late, and no error": [
    `import { job } from "streamjob";\nexport default job(async () => { await null; throw "stop"; });`,
    /build function threw, at .*job-\d+\.ts: stop/,
  ],
};

for (const [sentence, [text, message]] of Object.entries(broken)) {
  test(`${sentence} is JOB_MODULE_INVALID with file and line, and its own error as the cause (LOA3)`, async () => {
    const module = await moduleOf(text);
    await assert.rejects(load(module), (error) => {
      assert.ok(error instanceof StreamError, String(error));
      assert.equal(error.code, "JOB_MODULE_INVALID");
      assert.equal(error.destiny, "terminal");
      assert.match(error.message, message);
      return true;
    });
  });
}

const endless: Readonly<Record<string, readonly [name: string, text: string, message: RegExp]>> = {
  "an `await` of the module": [
    "waiting.ts",
    `import { job } from "streamjob";\nawait new Promise(() => {});\nexport default job(() => {});`,
    /waiting\.ts has not become a job within 20ms: a top-level `await`.*raise pipeline\.load-timeout/,
  ],
  "an `await` of what it imports": ["importing.ts", `export { default } from "./waiting.ts";`, /importing\.ts has not/],
  "its build function": [
    "building.ts",
    `import { job } from "streamjob";\nexport default job(() => new Promise(() => {}));`,
    /building\.ts has not become a job within 20ms: its build function still waits/,
  ],
  "a module of a script's functions": [
    "waiting.sql",
    "CREATE FUNCTION f AS './waiting.ts#f' LANGUAGE TYPESCRIPT; SELECT f(1);",
    /waiting\.(?:sql|ts) has not become a job within 20ms/,
  ],
};

test("what never settles is an error after pipeline.load-timeout (LOA4)", async (context) => {
  // As in a JobManager, and in a slot, the process has other things open.
  const open = setInterval(() => undefined, 60_000);
  context.after(() => clearInterval(open));
  for (const [what, [name, text, message]] of Object.entries(endless)) {
    const module = await moduleOf(text, name);
    const loading = load(module, { "pipeline.load-timeout": "20 ms" });
    await assert.rejects(loading, (error) => {
      assert.ok(error instanceof StreamError, what);
      assert.ok(error.code === "JOB_MODULE_INVALID" || error.code === "SQL_INVALID", what);
      assert.equal(error.destiny, "terminal", what);
      assert.match(error.message, message, what);
      return true;
    });
  }
});

test("the module's own error is the cause, with its stack (LOA3)", async () => {
  const module = await moduleOf(`throw new TypeError("mine");`);
  const error = await load(module).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof StreamError && error.cause instanceof TypeError);
  assert.ok(error.cause.stack?.includes(encodeURI(module)));
});

test("a missing file, a folder and a relative path are told apart", async () => {
  await assert.rejects(load(join(folder, "nowhere.ts")), /there is no job module at .*nowhere\.ts; check the path/);
  await assert.rejects(load(folder), /is not a file/);
  await assert.rejects(load("job.ts"), /is not absolute/);
});

test("errors of the job API come through as they are (LOA3)", async () => {
  const twice = `import { job } from "streamjob";
    export default job((env) => {
      env.fromCollection([1], { uid: "same" }).map((value: number) => value, { uid: "same" }).print();
    });`;
  const source = { module: await moduleOf(twice), options: {}, args: [] };
  await assert.rejects(loadJobGraph(source), { code: "JOB_GRAPH_INVALID", message: /"collection".*"map".*"same"/ });
  await assert.rejects(load(await moduleOf(WORDS), { nonsense: "1" }), { code: "OPTION_UNKNOWN" });
});

test("files of a ConfigMap's volume import each other, and errors name them as they are mounted", async () => {
  const volume = join(folder, "volume");
  await mkdir(join(volume, "..2026_11_30"), { recursive: true });
  await symlink("..2026_11_30", join(volume, "..data"));
  const files = {
    "job.ts":
      'import { job } from "streamjob";\nimport { words } from "./words.ts";\nexport default job((env) => {\n  env.fromCollection(words).print();\n});',
    "words.ts": 'export const words = ["a"];',
    "broken.ts": 'import "./enum.ts";',
    "enum.ts": "\nenum Colour { Red }",
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(volume, "..2026_11_30", name), text);
    await symlink(join("..data", name), join(volume, name));
  }
  assert.equal((await load(join(volume, "job.ts"))).nodes.length, 2);
  const place = `${join(volume, "enum.ts")}:2`;
  await assert.rejects(load(join(volume, "broken.ts")), ({ message }: Error) => message.includes(`at ${place}: `));
});
