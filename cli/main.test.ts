import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("./main.ts", import.meta.url));

/** Tells every file that is loaded. */
const HOOK = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { if (url.startsWith("file:")) process.stderr.write("loaded " + url + "\\n"); return next(url, context); } });`;

function loadedBy(...args: readonly string[]): { readonly stdout: string; readonly files: readonly string[] } {
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const { stdout, stderr } = spawnSync(process.execPath, ["--import", hook, MAIN, ...args], { encoding: "utf8" });
  const files = [...stderr.matchAll(/^loaded file:\/\/(.*)$/gm)].map(([, path = ""]) => path);
  return { stdout, files };
}

describe("help", () => {
  for (const args of [["--help"], ["run", "--help"], ["--version"], ["completion", "bash"]]) {
    it(`is there without the engine: ${args.join(" ")} (MN1)`, () => {
      const { stdout, files } = loadedBy(...args);
      assert.notEqual(stdout, "");
      assert.ok(
        files.some((file) => file.endsWith("/cli/command-line.ts")),
        files.join("\n"),
      );
      const others = files.filter(
        (file) =>
          !/\/(cli\/(main|command-line|terminal\/completion|(manifests|jobs|sql)\/\w+-words)|main\/(package-)?version)\.ts$/.test(
            file,
          ) && !file.includes("/node_modules/commander/"),
      );
      assert.deepEqual(others, []);
    });
  }
});
