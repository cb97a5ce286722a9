/** A job loads the client libraries of the connectors that it imports, and no others. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { repositoryRoot } from "../../tools/find-node.mjs";

const run = promisify(execFile);
const { exports: doors } = createRequire(import.meta.url)("../../package.json") as {
  readonly exports: Readonly<Record<string, string>>;
};

/**
 * The door that loads it, by library; null: none does, it is loaded with the first client. `fastq` is loaded by @platformatic/kafka, which itself is no
 * CommonJS and so in no list of what is loaded.
 */
const LIBRARIES = { kafkajs: null, fastq: null, mysql2: "./connectors/mysql", ioredis: "./connectors/redis" };

/** The libraries that a process has loaded which imports this door. */
async function loadedBy(door: string): Promise<string[]> {
  const program = `await import(${JSON.stringify(door)});
    const { createRequire } = await import("node:module");
    console.log(JSON.stringify(Object.keys(createRequire(import.meta.url).cache)));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program], { cwd: repositoryRoot });
  const paths = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as string[];
  return Object.keys(LIBRARIES).filter((library) => paths.some((path) => path.includes(`/node_modules/${library}/`)));
}

describe("client libraries of connectors", () => {
  for (const [name, door] of Object.entries(doors)) {
    const own = Object.entries(LIBRARIES).flatMap(([library, of]) => (of === name ? [library] : []));
    it(`streamjob${name.slice(1)} loads ${own.join(", ") || "none"}`, async () => {
      assert.deepEqual(await loadedBy(door), own);
    });
  }
});
