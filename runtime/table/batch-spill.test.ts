/** Batch queries beyond memory, as jobs: results, checkpoints meanwhile (TC5), and what becomes of their files (SPF2). */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Job, job } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { t } from "../record/index.ts";
import { JobDriver } from "../testkit/index.ts";
import { tableEnvironment } from "./index.ts";

const Row = t.record({ key: t.int64, id: t.int64, name: t.string });
type Row = { readonly key: number; readonly id: number; readonly name: string };

const ROWS: readonly Row[] = Array.from({ length: 3000 }, (_none, id) => ({
  key: (id * 7919) % 500,
  id,
  name: `row ${id}`,
}));

const sorted = ROWS.toSorted((one, other) => one.key - other.key || one.id - other.id);

/** `query`: of the table `numbers`. */
function jobOf(query: string, fails = false): Job {
  return job((env) => {
    env.configure({ name: "batch" });
    const tables = tableEnvironment(env, { mode: "batch" });
    tables.table("numbers", env.fromCollection([], { type: Row, uid: "numbers" }));
    const result = tables.sql<Row>(query).toStream({ uid: "rows" });
    const checked = result.map(
      (row) => {
        if (fails) throw new Error("no such row");
        return row;
      },
      { uid: "checked", type: t.any },
    );
    checked.sinkTo(printSink(), { uid: "out" });
  });
}

function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-batch-"));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** 4 KiB for an operator. */
const optionsOf = (folder: string): Record<string, string> => ({
  "taskmanager.memory.managed.fraction": "0.000001",
  "io.tmp.dirs": folder,
});

const DESCRIPTORS = "/proc/self/fd";

/** Files of this process in the folder that are open, though they have no name. */
function openIn(folder: string): number {
  if (!existsSync(DESCRIPTORS)) return 0;
  return readdirSync(DESCRIPTORS).filter((descriptor) => {
    try {
      return readlinkSync(join(DESCRIPTORS, descriptor)).startsWith(folder);
    } catch (error) {
      // That of the listing itself is closed by now.
      assert.equal((error as NodeJS.ErrnoException).code, "ENOENT");
      return false;
    }
  }).length;
}

const start = (folder: string, made: Job): Promise<JobDriver> =>
  JobDriver.start(made, { sources: { numbers: ROWS }, options: optionsOf(folder) });

const plain = (rows: readonly Row[]): readonly Row[] =>
  rows.map(({ key, id, name }) => ({ key: Number(key), id: Number(id), name }));

test("ORDER BY of more rows than memory holds gives all of them in order, and leaves nothing behind", async (context) => {
  const folder = folderOf(context);
  await using driver = await start(folder, jobOf("SELECT * FROM numbers ORDER BY key"));
  await driver.run();
  if (existsSync(DESCRIPTORS)) assert.ok(openIn(folder) > 0, "rows are in files");
  assert.deepEqual(readdirSync(folder), [], "which have no names");
  driver.end();
  await driver.run();
  assert.deepEqual(plain(driver.output<Row>("out")), sorted);
  assert.equal(openIn(folder), 0);
});

test("while rows are in files a checkpoint is declined and the job goes on; before and after it is taken", async (context) => {
  const folder = folderOf(context);
  const made = jobOf("SELECT * FROM numbers ORDER BY key OFFSET 10 ROWS");
  const options = optionsOf(folder);
  await using driver = await JobDriver.start(made, { sources: { numbers: ROWS.slice(0, 5) }, options });
  await driver.run();
  const before = await driver.snapshot();
  for (const row of ROWS.slice(5)) driver.push("numbers", row);
  await driver.run();
  await assert.rejects(driver.snapshot(), { code: "STATE_SPILLED" });
  driver.end();
  await driver.run();
  assert.deepEqual(plain(driver.output<Row>("out")), sorted.slice(10));
  assert.equal(openIn(folder), 0);

  await using restored = await JobDriver.start(made, { restore: before, options });
  for (const row of ROWS.slice(5)) restored.push("numbers", row);
  restored.end();
  await restored.run();
  assert.deepEqual(plain(restored.output<Row>("out")), sorted.slice(10));
});

const spilling: Record<string, string> = {
  "ORDER BY": "SELECT * FROM numbers ORDER BY key",
  "GROUP BY": "SELECT id, MAX(key) AS key, MAX(name) AS name FROM numbers GROUP BY id",
  "GROUP BY of objects": "SELECT id, MAX(key) AS key, LISTAGG(name) AS name FROM numbers GROUP BY id",
  "OVER of a partition that is all rows": "SELECT COUNT(*) OVER (ORDER BY id) - 1 AS id, key, name FROM numbers",
  "OVER of many partitions": "SELECT MAX(id) OVER (PARTITION BY id) AS id, key, name FROM numbers",
  "OVER that asks for the size": `SELECT id + NTILE(1) OVER (ORDER BY name) - 1 AS id, key, name FROM numbers`,
  "ROW_NUMBER without a limit": "SELECT ROW_NUMBER() OVER (ORDER BY id) - 1 AS id, key, name FROM numbers",
  "Top-N": `SELECT id, key, name FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY key) AS place FROM numbers) WHERE place <= 2`,
  "a join": "SELECT l.key, l.id, r.name FROM numbers AS l JOIN numbers AS r ON l.id = r.id",
};

for (const [name, query] of Object.entries(spilling))
  test(`${name}: all rows come out, and files of a job that ends, is cancelled, or fails are gone`, async (context) => {
    const folder = folderOf(context);
    await using ending = await start(folder, jobOf(query));
    await ending.run();
    if (existsSync(DESCRIPTORS)) assert.ok(openIn(folder) > 0, "rows are in files");
    ending.end();
    await ending.run();
    const byId = plain(ending.output<Row>("out")).toSorted((one, other) => one.id - other.id);
    assert.deepEqual(byId, ROWS);
    assert.equal(openIn(folder), 0);

    const canceled = await start(folder, jobOf(query));
    await canceled.run();
    await canceled.close();
    assert.equal(openIn(folder), 0);

    await using failing = await start(folder, jobOf(query, true));
    failing.end();
    await assert.rejects(failing.run(), /no such row/);
    assert.equal(openIn(folder), 0);
  });

test("a folder that is not there fails the job with what to do", async (context) => {
  const folder = join(folderOf(context), "missing");
  await using driver = await start(folder, jobOf("SELECT * FROM numbers ORDER BY key"));
  await assert.rejects(driver.run(), { code: "SPILL_FAILED", message: /sort.*missing.*io\.tmp\.dirs/i });
});
