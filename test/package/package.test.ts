/** The packages as users get them: built, installed outside of the checkout by npm and by pnpm, typed, run, upgraded and tested. */
import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { buildPackages } from "../../tools/package.ts";
import { RunningCommand } from "../e2e/streamjob-command.ts";
import { assertRunningCounts } from "../integration/part-files.ts";
import { OutsideProject } from "./outside-project.ts";

const stage = fileURLToPath(new URL("../../dist/package/", import.meta.url));
const pnpm = fileURLToPath(new URL("../../node_modules/pnpm/bin/pnpm.cjs", import.meta.url));
const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];

/** A job in two files, with an npm package of the user's own, that ends by itself. */
const boundedJob = `import ms from "ms";
import { job, t } from "streamjob";
import { collectionSource } from "streamjob/connectors/basic";
import { filesSink } from "streamjob/connectors/files";
import { wordsOf } from "./words.ts";

export default job((env) => {
  env.configure({ name: \`bounded-\${ms("1s")}\` });
  env
    .fromSource(collectionSource(["to be", "or not", "to be"], { type: t.string }), { uid: "lines" })
    .flatMap((line) => wordsOf(line), { uid: "words", type: t.string })
    .map((word) => ({ word, count: 1 }), { uid: "ones", type: t.record({ word: t.string, count: t.int64 }) })
    .keyBy("word")
    .sum("count", { uid: "counts" })
    .sinkTo(filesSink({ directory: "bounded" }), { uid: "files" });
});
`;

const harnessTest = (runner: string): string => `import { expect, test } from "${runner}";
import type { OperatorFactory, PlainSink } from "streamjob";
import { JobDriver, OperatorHarness, sinkContract } from "streamjob/testkit";
import bounded from "./bounded.ts";

const doubling: OperatorFactory<number, number> = {
  kind: "operator",
  name: "double",
  create: () => {
    let collect: (value: number, timestamp: number) => void = () => {};
    return {
      open: (_context, output) => void (collect = (value, timestamp) => output.collect(value, timestamp)),
      process: (value, timestamp) => collect(value * 2, timestamp),
    };
  },
};

test("doubles", async () => {
  const harness = await OperatorHarness.open(doubling);
  harness.process(21);
  expect(harness.events).toEqual([expect.objectContaining({ kind: "record", value: 42 })]);
});

test("counts", async () => {
  const driver = await JobDriver.start(bounded, { parallelism: 2 });
  await driver.run();
  expect(driver.isFinished).toBe(true);
  expect(driver.committed("files")).toHaveLength(6);
});

const createWorld = () => {
  const outside: string[] = [];
  const createWriter = () => ({ write: (value: string) => void outside.push(value) });
  const sink: PlainSink<string> = { kind: "sink", name: "list", guarantee: "at-least-once", createWriter };
  return { makeSink: () => sink, readWritten: () => outside };
};
for (const { name, run } of sinkContract(createWorld)) test(name, run);
`;

const boundedLines = [
  '{"word":"be","count":1}',
  '{"word":"be","count":2}',
  '{"word":"not","count":1}',
  '{"word":"or","count":1}',
  '{"word":"to","count":1}',
  '{"word":"to","count":2}',
];

function linesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("part-"))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").trim().split("\n"))
    .toSorted();
}

/** Writes a line for each name in the project's own files whose type is any or unknown, as the compiler sees it. */
const UNKNOWN_TYPES = `
import ts from "typescript-5.9";
const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile);
const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, ".");
const program = ts.createProgram(fileNames, options);
const checker = program.getTypeChecker();
for (const file of program.getSourceFiles()) {
  if (file.fileName.includes("node_modules")) continue;
  const look = (node) => {
    if (ts.isIdentifier(node)) {
      const { flags } = checker.getTypeAtLocation(node);
      const place = file.getLineAndCharacterOfPosition(node.getStart());
      if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown))
        console.log(file.fileName + ":" + (place.line + 1) + " " + node.text + ": " + (flags & ts.TypeFlags.Any ? "any" : "unknown"));
    }
    node.forEachChild(look);
  };
  look(file);
}
`;

describe("the package", () => {
  const project = new OutsideProject("my-job");
  const pnpmProject = new OutsideProject("my-pnpm-job");
  let tarballs: { readonly streamjob: string; readonly create: string };
  before(() => {
    tarballs = buildPackages();
  });
  after(() => {
    project.remove();
    pnpmProject.remove();
  });

  const compilerOf = (name: string): string => project.path("node_modules", name, "bin", "tsc");

  /** `npm create streamjob`, as npm does it: the package is installed somewhere, and its command is run. */
  async function create(target: OutsideProject): Promise<void> {
    const parent = new OutsideProject("creator");
    try {
      parent.write("package.json", "{}");
      await parent.ran("npm", "install", ...quiet, tarballs.create);
      process.env["STREAMJOB_PACKAGE"] = `file:${tarballs.streamjob}`;
      const said = await parent.ran(parent.path("node_modules", ".bin", "create-streamjob"), target.folder);
      assert.match(said, /npm install\n {2}npm test.*\n {2}npm start/);
    } finally {
      delete process.env["STREAMJOB_PACKAGE"];
      parent.remove();
    }
  }

  /** What `tsc --init` writes in an empty folder. */
  async function initialSettings(compiler: string): Promise<string> {
    const empty = new OutsideProject("empty");
    try {
      empty.write(".keep", "");
      await empty.ran(process.execPath, compiler, "--init");
      return readFileSync(empty.path("tsconfig.json"), "utf8");
    } finally {
      empty.remove();
    }
  }

  it("holds JavaScript, declarations and source maps, and neither sources nor tests (PAC1, PAC2)", () => {
    const files = globSync("**/*", { cwd: stage });
    assert.deepEqual(
      files.filter((path) => /\.test(?:-support)?\.|(?<!\.d)\.ts$/.test(path)),
      [],
    );
    for (const door of ["runtime/api/index", "runtime/connectors/files/index", "runtime/testkit/index", "cli/main"])
      for (const ending of ["js", "d.ts", "js.map"])
        assert.ok(files.includes(`${door}.${ending}`), `${door}.${ending}`);
    const manifest = JSON.parse(readFileSync(join(stage, "package.json"), "utf8")) as Record<string, unknown>;
    assert.equal(manifest["optionalDependencies"], undefined);
    assert.equal(manifest["private"], undefined);
    // PAC4.
    assert.ok(!Object.hasOwn(manifest["dependencies"] as object, "@kubernetes/client-node"));
    assert.deepEqual(manifest["peerDependenciesMeta"], { "@kubernetes/client-node": { optional: true } });
  });

  it("is less than 90 MB with what it depends on, and brings no Node (PAC3)", async () => {
    await create(project);
    await project.ran("npm", "install", "--omit=dev", ...quiet);
    assert.ok(project.bytesOf("node_modules") < 90e6, `${project.bytesOf("node_modules")} bytes`);
    assert.deepEqual(
      readdirSync(project.path("node_modules")).filter((name) => /^node-(?:linux|darwin|win)/.test(name)),
      [],
    );
    // Only now the rest: a compiler and a test runner are larger than all of it.
    await project.ran(
      "npm",
      "install",
      "--save-dev",
      ...quiet,
      "vitest",
      "ms",
      "@types/ms",
      "typescript-5.9@npm:typescript@5.9.3",
    );
  });

  it("has types without an error in TypeScript 7 and 5.9, with the template's settings and those of tsc --init", async () => {
    project.write("bounded.ts", boundedJob);
    for (const compiler of ["typescript", "typescript-5.9"].map(compilerOf)) {
      await project.ran(process.execPath, compiler);
      // Node runs TypeScript by the names of its files; tsc wants to be told that nothing is written.
      const init = (await initialSettings(compiler)).replace(
        /"compilerOptions": \{/,
        '"include": ["*.ts"], "compilerOptions": { "noEmit": true, "allowImportingTsExtensions": true,',
      );
      project.write("tsconfig.init.json", init.replace('"types": []', '"types": ["node"]'));
      await project.ran(process.execPath, compiler, "-p", "tsconfig.init.json");
    }
  });

  it("has a type for everything in the template: nothing in it is any or unknown", async () => {
    project.write("unknown-types.mjs", UNKNOWN_TYPES);
    const found = async (): Promise<string> => project.ran(process.execPath, "unknown-types.mjs");
    assert.equal(await found(), "");
    project.write("untyped.ts", 'export const parsed = JSON.parse("1");\n');
    assert.match(await found(), /untyped\.ts:1 parsed: any/);
    project.write("untyped.ts", "export {};\n");
  });

  it("gives an error for a field that a record does not have, also outside of the checkout", async () => {
    project.write("wrong.ts", boundedJob.replace('.sum("count"', '.sum("cuont"'));
    const { code, output } = await project.run(process.execPath, compilerOf("typescript"));
    project.write("wrong.ts", "export {};\n");
    assert.notEqual(code, 0);
    assert.match(output, /wrong\.ts.*"cuont"/s);
  });

  it("is tested by node:test and by vitest", async () => {
    assert.match(await project.ran("npm", "test"), /pass 2/);
    project.write("doubling.spec.ts", harnessTest("vitest"));
    assert.match(await project.ran(project.path("node_modules", ".bin", "vitest"), "run", "doubling"), /6 passed/);
  });

  it("runs a job of several files with a package of its own, and shows every word once", async () => {
    const said = await project.ran("npx", "streamjob", "run", "bounded.ts");
    assert.match(said, /"bounded-1000" FINISHED/);
    assert.deepEqual(linesIn(project.path("bounded")), boundedLines);
  });

  it("upgrades a job from its manifest, and loses no word", async () => {
    const command = new RunningCommand(
      project.path("node_modules", "streamjob", "bin", "streamjob.js"),
      ["run", "job.yaml"],
      { home: project.path(".home"), cwd: project.folder },
    );
    try {
      await command.until("the first version is ready", () => /Ready: generation 1/.test(command.stderr));
      const manifest = readFileSync(project.path("job.yaml"), "utf8");
      writeFileSync(project.path("job.yaml"), manifest.replace("parallelism: 1", "parallelism: 2"));
      await command.until("the second version runs", () => /Ready: generation 2/.test(command.stderr));
      command.signal("SIGINT");
      assert.equal(await command.exit(), 0, command.stdout + command.stderr);
    } finally {
      command.kill();
    }
    const counts = linesIn(project.path("counts")).map((line): [word: string, count: number] => {
      const { word, count } = JSON.parse(line) as { word: string; count: number };
      return [word, count];
    });
    const words = new Set(counts.map(([word]) => word));
    assert.deepEqual([...words].toSorted(), ["be", "is", "not", "or", "question", "that", "the", "to"]);
    assertRunningCounts(counts);
  });

  it("installs with pnpm, where a package sees only what it depends on", async () => {
    await create(pnpmProject);
    pnpmProject.write("bounded.ts", boundedJob);
    await pnpmProject.ran(
      process.execPath,
      pnpm,
      "add",
      "--prod",
      "--ignore-scripts",
      `--store-dir=${pnpmProject.path(".store")}`,
      "ms",
    );
    const bin = pnpmProject.path("node_modules", ".bin", "streamjob");
    assert.match(await pnpmProject.ran(bin, "run", "bounded.ts"), /"bounded-1000" FINISHED/);
    assert.deepEqual(linesIn(pnpmProject.path("bounded")), boundedLines);
  });
});
