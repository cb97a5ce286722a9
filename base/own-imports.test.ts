import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { hastenImports, type OwnImport, ownImport } from "./own-imports.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What Node itself answers. Registered first, so the last to be asked. */
let asked = { specifier: "", parent: "" };
let answer: Partial<OwnImport> = {};
registerHooks({
  resolve: (specifier, context, nextResolve) => {
    if (!specifier.startsWith("asked:")) return nextResolve(specifier, context);
    const { url, format } = nextResolve(asked.specifier, { ...context, parentURL: asked.parent });
    answer = { url, ...(typeof format === "string" ? { format } : {}) };
    return { url: "node:fs", shortCircuit: true };
  },
});
let questions = 0;
function nodesAnswer(specifier: string, parent: string): Partial<OwnImport> {
  asked = { specifier, parent };
  import.meta.resolve(`asked:${questions++}`);
  return answer;
}

/** Of each file what it imports by a relative path. */
function importsOf(pattern: string): readonly (readonly [specifier: string, parent: string])[] {
  const paths = globSync(pattern, { cwd: root, exclude: ["**/*.test.ts", "**/*.test-support.ts"] });
  return paths.flatMap((path) => {
    const text = readFileSync(root + path, "utf8").replace(/\/\*[^]*?\*\//g, "");
    const specifiers = [...text.matchAll(/^(?:import|export|\}) ?[^;"'`]*from "(\.[^"]+)";$/gm)];
    return specifiers.map(([, specifier = ""]): [string, string] => [specifier, pathToFileURL(root + path).href]);
  });
}

describe("imports of the engine", () => {
  const sources: Readonly<Record<string, string>> = {
    "own modules": "{base,contract,settings,security,crds,runtime,operator,embedded,main,cli}/**/*.ts",
    "modules of packages":
      "node_modules/{zod/v4/{classic,core,locales},chevrotain/lib/src,@chevrotain/*/lib/src}/**/*.js",
  };
  for (const [name, pattern] of Object.entries(sources))
    it(`OWI1: of ${name} mean what Node says`, () => {
      const imports = importsOf(pattern);
      assert.ok(imports.length > 100, `${imports.length} imports were looked at`);
      for (const [specifier, parent] of imports)
        assert.deepEqual(ownImport(specifier, parent), nodesAnswer(specifier, parent), `${specifier} of ${parent}`);
    });

  it("OWI1: leaves to Node what is not the engine's, and what has no ending", () => {
    const own = new URL("index.ts", import.meta.url).href;
    const left: readonly (readonly [string, string])[] = [
      ["./other.ts", pathToFileURL("/home/someone/job.ts").href],
      ["./other.ts", pathToFileURL(`${root}test/chaos/job.ts`).href],
      ["./other.ts", `${root}node_modules/pino/pino.js`],
      ["./lib/other.js", pathToFileURL(`${root}node_modules/pino/pino.js`).href],
      ["./v4", pathToFileURL(`${root}node_modules/zod/index.js`).href],
      ["./other", own],
      ["./other.json", own],
      ["zod", own],
      ["node:fs", own],
    ];
    for (const [specifier, parent] of left) assert.equal(ownImport(specifier, parent), undefined, specifier);
  });

  it("OWI3: a module that is not there is still an error with its name", async () => {
    hastenImports();
    const missing = "./not-there.ts";
    await assert.rejects(import(missing), /not-there\.ts/);
    const package_ = "no-such-package-of-streamjob";
    await assert.rejects(import(package_), { code: "ERR_MODULE_NOT_FOUND" });
  });
});
