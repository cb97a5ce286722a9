/**
 * Queries over paced streams into an exactly-once sink, while JobManagers and TaskManagers die and stand still at moments and failpoints of a seed: in the end there is what
 * DuckDB gives for the same rows (query-run.ts).
 *
 * XQT1 The seed is in each test's name; STREAMJOB_CHAOS_SEED repeats all. `npm run chaos -- sql --runs N --seed S` runs more.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { systemRandom } from "../../../base/index.ts";
import { isInCi } from "../../environment/index.ts";
import { describePlan, planOf, queryNames } from "./plan.ts";
import { runQuery } from "./query-run.ts";
import { SqlServers } from "./servers.ts";

const SEED = Number(process.env["STREAMJOB_CHAOS_SEED"] ?? Number.parseInt(systemRandom.hex(3), 16));
const QUERIES = 3;
const FAULTS = 2;
/** So that three in a row are of different kinds: seeds that follow each other take neighbours (XQP1). */
const STEP = Math.floor(queryNames.length / QUERIES);

const servers = new SqlServers((line) => void process.stderr.write(`environment: ${line}\n`));
after(() => servers.stop());

describe("queries are exact, whatever process breaks", () => {
  for (let run = 0; run < QUERIES; run++) {
    const plan = planOf(SEED + run * STEP, FAULTS);
    it(`seed ${plan.seed}: ${describePlan(plan)}`, async (context) => {
      const lacking = await servers.of(plan).then(() => null, String);
      if (lacking !== null && !isInCi()) {
        context.skip(`no servers: ${lacking}`);
        return;
      }
      const { problem, restarts, changes, rows, failpoints } = await runQuery(plan, servers);
      assert.equal(problem, null, problem ?? "");
      assert.ok(changes > 0, "the query gave nothing");
      process.stdout.write(
        `  seed ${plan.seed}: ${restarts} restarts, ${changes} changes, ${rows} rows; ${failpoints.join(", ")}\n`,
      );
    });
  }
});
