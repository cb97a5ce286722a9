/** Every query of the Nexmark bench gives the same over columns as over rows, as the bench's own sink adds it up (NXS1, NXQ2). */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { JobDriver } from "streamjob/testkit";
import { type QueryReport, SUM_MODULUS } from "../../bench/nexmark/checking-sink.ts";
import nexmark from "../../bench/nexmark/job.ts";
import { queries } from "../../bench/nexmark/queries.ts";

const COUNT = 5000;

async function resultOf(query: string, form: string): Promise<{ readonly records: number; readonly sum: number }> {
  const folder = mkdtempSync(join(tmpdir(), "streamjob-nexmark-"));
  try {
    const args = [query, form, String(COUNT), folder, "5000"];
    await using driver = await JobDriver.start(nexmark, { args, parallelism: 2, keepSinks: true });
    await driver.run({ recordsMax: 1_000_000 });
    assert.ok(driver.isFinished);
    await driver.close();
    const reports = readdirSync(folder).map(
      (name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as QueryReport,
    );
    assert.equal(reports.length, 2);
    return {
      records: reports.reduce((total, { records }) => total + records, 0),
      sum: reports.reduce((total, { sum }) => (total + sum) % SUM_MODULUS, 0),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const [query, { isStateless }] of Object.entries(queries)) {
  it(`${query} gives the same over columns and over rows`, async () => {
    const columns = await resultOf(query, "columns");
    assert.deepEqual(await resultOf(query, "rows"), columns);
    assert.ok(columns.sum > 0);
    if (isStateless) assert.equal(columns.records, COUNT);
    else assert.ok(columns.records > 0 && columns.records < COUNT);
  });
}
