/** Text files that are followed: in driven jobs, on real files and a manual clock. */
import assert from "node:assert/strict";
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { nextTurn, seededRandom, systemClock } from "../../base/index.ts";
import { job } from "../api/index.ts";
import { filesSink, type TextFilesOptions, textFiles } from "../connectors/files/index.ts";
import { JobDriver, type JobDriverOptions } from "./job-driver.ts";
import type { JobSnapshot } from "./job-snapshot.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "file-monitor-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

/** A file comes whole, as one that is moved there. */
function put(name: string, contents: string | Uint8Array): void {
  writeFileSync(at(`.${name}`), contents);
  renameSync(at(`.${name}`), at(name));
}

function start(options: Partial<TextFilesOptions> = {}, driving: JobDriverOptions = {}): Promise<JobDriver> {
  const followed = job((env) => {
    const source = textFiles({ path: folder, monitorContinuously: "1s", ...options });
    env.fromSource(source, { uid: "lines" }).print({ uid: "out" });
  });
  return JobDriver.start(followed, driving);
}

/** Everything there is to read is read, and it is exactly this. */
async function reads(driver: JobDriver, lines: readonly string[]): Promise<void> {
  await driver.advance("1s");
  await driver.run({ until: () => driver.output("out").length >= lines.length });
  // Another look finds nothing more.
  await driver.advance("2s");
  assert.deepEqual([...driver.output<string>("out")].toSorted(), [...lines].toSorted());
}

describe("textFiles with monitorContinuously", () => {
  for (const parallelism of [1, 3]) {
    it(`finds files that come later, and reads each once, at parallelism ${parallelism} (FIM1)`, async () => {
      put("a", "a1\na2\n");
      await using driver = await start({}, { parallelism });
      await reads(driver, ["a1", "a2"]);
      put("b", "b1\nb2");
      put("c.gz", gzipSync("c1\nc2\n"));
      writeFileSync(at("_ignored"), "no\n");
      writeFileSync(at("empty"), "");
      linkSync(at("a"), at("a-again"));
      await reads(driver, ["a1", "a2", "b1", "b2", "c1", "c2"]);
      writeFileSync(at("empty"), "e\n");
      appendFileSync(at("a"), "a3\n");
      await reads(driver, ["a1", "a2", "b1", "b2", "c1", "c2", "e"]);
    });
  }

  it("may begin with a folder that is not there yet, and a pattern that nothing matches", async () => {
    await using driver = await start({ path: at("later"), glob: at("*.log") });
    await driver.advance("3s");
    mkdirSync(at("later"));
    writeFileSync(at("later/a"), "a\n");
    put("b.log", "b\n");
    await reads(driver, ["a", "b"]);
  });

  it("forgets a file that is gone, but nothing when all are gone at once (FIM2)", async () => {
    put("a", "a\n");
    put("b", "b\n");
    await using driver = await start();
    await reads(driver, ["a", "b"]);
    rmSync(at("a"));
    await driver.advance("1s");
    put("a", "a again\n");
    await reads(driver, ["a", "b", "a again"]);
    mkdirSync(`${folder}-away`);
    try {
      for (const name of readdirSync(folder)) renameSync(at(name), join(`${folder}-away`, name));
      await driver.advance("3s");
      for (const name of readdirSync(`${folder}-away`)) renameSync(join(`${folder}-away`, name), at(name));
    } finally {
      rmSync(`${folder}-away`, { recursive: true });
    }
    await reads(driver, ["a", "b", "a again"]);
  });

  it("is not restored from the state of a source that listed its files once: what that had read is not in it", async () => {
    put("a", "a1\na2\n");
    const once = job((env) => {
      env.fromSource(textFiles({ path: folder }), { uid: "lines" }).print({ uid: "out" });
    });
    await using driver = await JobDriver.start(once);
    const restore = await driver.snapshot();
    const next = await start({}, { restore });
    await assert.rejects(next.advance("1s"), { code: "STATE_INCOMPATIBLE", message: /give the source another uid/i });
  });

  it("refuses options that make no sense", () => {
    assert.throws(() => textFiles({ path: "a", readAppended: true }), /readAppended needs monitorContinuously/);
    assert.throws(() => textFiles({ path: "a", monitorContinuously: 0 }), /monitorContinuously is 0/);
    assert.throws(() => textFiles({ path: "a", monitorContinuously: "often" }), /"often" is not a duration/);
  });
});

describe("textFiles with readAppended", () => {
  it("reads what is appended, up to the last line end (FIM3)", async () => {
    put("a", "one\ntw");
    await using driver = await start({ readAppended: true });
    await reads(driver, ["one"]);
    appendFileSync(at("a"), "o");
    await reads(driver, ["one"]);
    appendFileSync(at("a"), "\nthree\nfo");
    put("b", "no line end");
    await reads(driver, ["one", "two", "three"]);
    appendFileSync(at("b"), "\n");
    appendFileSync(at("a"), `ur ${"long ".repeat(40_000)}\n`);
    await reads(driver, ["one", "two", "three", "no line end", `four ${"long ".repeat(40_000)}`]);
  });

  for (const [what, change] of Object.entries({
    "became shorter": () => writeFileSync(at("a"), "one\n"),
    "begins with other bytes": () => writeFileSync(at("a"), "ONE\ntwo\nthree\n"),
  })) {
    it(`fails for good when a file ${what} (FIM3)`, async () => {
      put("a", "one\ntwo\n");
      const driver = await start({ readAppended: true });
      await reads(driver, ["one", "two"]);
      change();
      await assert.rejects(driver.advance("1s"), { code: "SOURCE_FAILED", message: /was replaced or cut off/ });
    });
  }

  it("keeps the lines of a file in order, at any parallelism (FIM4)", async () => {
    const names = ["a", "b", "c", "d"];
    await using driver = await start({ readAppended: true, splitBytes: 20 }, { parallelism: 3 });
    const expected: string[] = [];
    for (let round = 0; round < 6; round++) {
      for (const name of names) {
        const lines = Array.from({ length: 5 }, (_, index) => `${name} ${round * 5 + index}`);
        expected.push(...lines);
        appendFileSync(at(name), `${lines.join("\n")}\n`);
      }
      await reads(driver, expected);
    }
    for (const name of names) {
      const own = driver.output<string>("out").filter((line) => line.startsWith(name));
      assert.deepEqual(
        own,
        Array.from({ length: 30 }, (_, index) => `${name} ${index}`),
      );
    }
  });
});

describe("a followed folder, with snapshots and restores at any moment", () => {
  for (const readAppended of [false, true]) {
    it(`gives each line once${readAppended ? ", what is appended too" : ""} (SPE2, FIM1)`, async () => {
      for (let seed = 1; seed <= 12; seed++) await followed(seed, readAppended);
    });
  }
});

/** Files come and grow by chance; the job goes back to a snapshot now and then, at another parallelism. What counts is what is committed. */
async function followed(seed: number, readAppended: boolean): Promise<void> {
  const random = seededRandom(seed);
  const pick = (below: number): number => Math.floor(random.next() * below);
  const inFolder = at(`seed-${seed}-${readAppended}`);
  mkdirSync(inFolder);
  const source = textFiles({ path: inFolder, readAppended, splitBytes: 1 + pick(200), monitorContinuously: "1s" });
  const copied = job((env) => {
    env.fromSource(source, { uid: "lines" }).sinkTo(filesSink({ directory: at("unused") }), { uid: "out" });
  });
  const lines: string[] = [];
  let files = 0;
  const write = (): string => {
    const some = Array.from({ length: pick(12) }, () => `line ${lines.length + pick(1e9)}`);
    lines.push(...some);
    return some.map((line) => `${line}\n`).join("");
  };
  let driver = await JobDriver.start(copied, { parallelism: 1 + pick(3) });
  let restore: JobSnapshot | null = null;
  for (let step = 0; step < 25; step++) {
    const action = pick(6);
    if (action === 0) {
      files++;
      writeFileSync(join(inFolder, `.${files}`), write());
      renameSync(join(inFolder, `.${files}`), join(inFolder, String(files)));
    } else if (action === 1 && files > 0 && readAppended) {
      appendFileSync(join(inFolder, String(1 + pick(files))), write());
    } else if (action === 2) await driver.advance("1s");
    else if (action === 3) await driver.run();
    else if (action === 4) restore = await driver.snapshot();
    else if (action === 5 && restore !== null) {
      await driver.close();
      driver = await JobDriver.start(copied, { parallelism: 1 + pick(3), restore });
    }
  }
  const endMs = systemClock.monotonicMs() + 60_000;
  while (driver.committed("out").length < lines.length) {
    assert.ok(
      systemClock.monotonicMs() < endMs,
      `seed ${seed}: ${driver.committed("out").length} of ${lines.length} lines`,
    );
    await driver.advance("1s");
    await driver.snapshot();
    await nextTurn();
  }
  await driver.advance("2s");
  await driver.snapshot();
  assert.deepEqual([...driver.committed<string>("out")].toSorted(), lines.toSorted(), `seed ${seed}`);
  await driver.close();
}
