/** Mini-batches where watermarks pass: as few changes as without them, the same result, and the same rows are late (SQPM3). */
import assert from "node:assert/strict";
import { it } from "node:test";
import { type Job, job } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { explainJson, planScript } from "../sql/index.ts";
import { JobDriver } from "../testkit/index.ts";
import { type ChangelogRecord, tableEnvironment } from "./index.ts";

const TABLE = `CREATE TABLE visits (ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' SECOND)
  WITH ('connector' = 'datagen');`;
/** How many windows have how many visits: groups, which change, over windows, which need the watermark. */
const QUERY = `SELECT n, COUNT(*) AS windows FROM (
    SELECT COUNT(*) AS n FROM TABLE(TUMBLE(TABLE visits, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end
  ) GROUP BY n`;
const SECONDS = 30;

const scan = (): string => {
  const plan = planScript(`${TABLE}${QUERY};`);
  assert.ok(plan.kind === "plan");
  return explainJson(plan).nodes.find(({ kind }) => kind === "scan")?.uid ?? "";
};

const jobOf = (miniBatch: { readonly allowLatency: string; readonly size: number } | null): Job =>
  job((env) => {
    const tables = tableEnvironment(env, miniBatch === null ? {} : { miniBatch });
    tables.execute(TABLE);
    tables.sql(QUERY).toChangelogStream({ uid: "changes" }).sinkTo(printSink(), { uid: "out" });
  });

type Outcome = { readonly changes: readonly string[]; readonly result: readonly string[] };

/** Two visits in each second of event time, which pass as the clock does; and one that is late all the same. */
async function run(miniBatch: { readonly allowLatency: string; readonly size: number } | null): Promise<Outcome> {
  const uid = scan();
  const driver = await JobDriver.start(jobOf(miniBatch), { sources: { [uid]: [] }, parallelism: 1 });
  for (let second = 0; second < SECONDS; second++) {
    for (const ms of [1, 2]) driver.push(uid, { ts: second * 1000 + ms });
    await driver.run();
    await driver.advance("1 s");
  }
  driver.push(uid, { ts: 500 });
  await driver.run();
  driver.end(uid);
  await driver.run();
  const records = driver.output<ChangelogRecord>("out");
  await driver.close();
  const changes = records.map(({ kind, row }) => `${kind} ${Object.values(row).map(String).join(", ")}`);
  const rows = new Map<string, number>();
  for (const change of changes) {
    const [kind, row] = [change.slice(0, 2), change.slice(3)];
    rows.set(row, (rows.get(row) ?? 0) + (kind.startsWith("+") ? 1 : -1));
  }
  return { changes, result: [...rows].flatMap(([row, count]) => (count === 0 ? [] : [row])) };
}

it("changes leave together for as long as they may wait, whatever watermarks come (SQPM3)", async () => {
  const plain = await run(null);
  const held = await run({ allowLatency: "10 s", size: 100_000 });
  assert.deepEqual(plain.result, [`2, ${SECONDS}`]);
  assert.deepEqual(held.result, plain.result);
  assert.equal(plain.changes.length, 2 * SECONDS - 1);
  assert.ok(held.changes.length <= 9, held.changes.join("\n"));
});
