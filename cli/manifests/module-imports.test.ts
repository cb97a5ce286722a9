import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { StreamJob } from "../../crds/index.ts";
import { sleep, systemClock } from "../../base/index.ts";
import { manifest } from "./command-rig.test-support.ts";
import { ModuleImports, specifiersOf } from "./module-imports.ts";
import { followModules } from "./saved-files.ts";

const folder = mkdtempSync(join(tmpdir(), "module-imports-"));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("the files of a module", () => {
  const cases: Record<string, { readonly text: string; readonly found: readonly string[] }> = {
    "static imports": { text: `import { a } from "./a.ts";\nimport './b.ts'`, found: ["./a.ts", "./b.ts"] },
    "an import over several lines": { text: `import {\n  a,\n  b,\n} from "../a.ts";`, found: ["../a.ts"] },
    "types, which are code as well": { text: `import type { A } from "./a.ts"`, found: ["./a.ts"] },
    "what is exported on": { text: `export * from "./a.ts"; export { b } from '/b.ts'`, found: ["./a.ts", "/b.ts"] },
    "import(), require() and new URL()": {
      text: "await import(`./a.ts`); require('./b.cjs'); new URL(\"./words.txt\", import.meta.url)",
      found: ["./a.ts", "./b.cjs", "./words.txt"],
    },
    "no packages": { text: `import { job } from "streamjob"; import fs from "node:fs"`, found: [] },
    "no paths that are not imported": { text: `open("./data.txt")`, found: [] },
    "each once": { text: `import "./a.ts"; import "./a.ts"`, found: ["./a.ts"] },
  };
  for (const [name, { text, found }] of Object.entries(cases)) {
    it(`are ${name}`, () => assert.deepEqual(specifiersOf(text), found));
  }

  it("are those of the functions of a script, and what these import", () => {
    const script = write(
      "job.sql",
      "CREATE FUNCTION mask AS './mask.ts#mask' LANGUAGE TYPESCRIPT;\ncreate function f as './mask.ts'; SELECT a AS './none.ts', './no.ts' FROM t",
    );
    write("mask.ts", `import "./words.json"`);
    const files = new ModuleImports().filesOf(script).map((file) => file.slice(folder.length + 1));
    assert.deepEqual(files.slice(0, 2), ["job.sql", "mask.ts"]);
    assert.ok(files.includes("words.json") && !files.includes("no.ts"), files.join(", "));
  });

  it("are found through all files between, circles too, and anew after a save", () => {
    const module = write("job.ts", `import "./parse.ts"; import "${pathToFileURL(join(folder, "abs.ts")).href}"`);
    write("parse.ts", `import "./words.json"; import "./job.ts"; import "./missing.ts"`);
    write("words.json", `["from './no.ts'"]`);
    write("abs.ts", "");
    const names = (): string[] => imports.filesOf(module).map((file) => file.slice(folder.length + 1));
    const imports = new ModuleImports();
    assert.deepEqual(names(), ["job.ts", "parse.ts", "abs.ts", "words.json", "missing.ts"]);
    write("abs.ts", `import "./late.ts"`);
    assert.deepEqual(names().at(-1), "late.ts");
  });

  it("are only the module where nothing can be read (MI3)", () => {
    const loop = join(folder, "loop.ts");
    symlinkSync(loop, loop);
    mkdirSync(join(folder, "folder.ts"));
    for (const module of [loop, join(folder, "folder.ts"), join(folder, "x".repeat(300)), "not absolute.ts"]) {
      assert.deepEqual(new ModuleImports().filesOf(module), [module]);
    }
  });

  it("are followed: saving what a module imports is told once for each job", async () => {
    const module = write("followed.ts", `import "./inner.ts"`);
    const inner = write("inner.ts", "one");
    const job = JSON.parse(manifest("wc", { job: { module } })) as StreamJob;
    const told: string[] = [];
    const follower = followModules(
      () => [job],
      systemClock,
      (file) => void told.push(file),
      assert.fail,
    );
    try {
      writeFileSync(inner, "two, longer");
      const deadlineMs = systemClock.monotonicMs() + 60_000;
      while (told.length === 0 && systemClock.monotonicMs() < deadlineMs) await sleep(systemClock, 20);
      assert.deepEqual(told, [inner]);
    } finally {
      follower.stop();
    }
  });
});
