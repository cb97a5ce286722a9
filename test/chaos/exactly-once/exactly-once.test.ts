/**
 * Kafka → keyed count → Kafka and MySQL on real servers, while processes, broker, database, cache and store are killed, stopped and restarted
 * at moments of a seed: what the servers hold in the end is what a calm run would have left (oracle.ts).
 *
 * XOT1 The seed is in each test's name; STREAMJOB_CHAOS_SEED repeats all. `npm run chaos -- exactly-once --runs N --seed S` runs more.
 */
import { after, describe, it } from "node:test";
import { systemRandom } from "../../../base/index.ts";
import { isInCi } from "../../environment/index.ts";
import { inWorkspace } from "../../integration/workspace.ts";
import { faultyRun } from "./faulty-run.ts";
import { describePlan, planOf, RECORDS } from "./plan.ts";
import { Servers } from "./servers.ts";

const RUNS = 10;
const SEED = Number(process.env["STREAMJOB_CHAOS_SEED"] ?? Number.parseInt(systemRandom.hex(3), 16));

let skip: false | string = false;
let started: Servers | null = null;
try {
  started = await Servers.start((line) => void process.stderr.write(`environment: ${line}\n`));
} catch (error) {
  if (isInCi()) throw error;
  skip = `no servers: ${String(error)}`;
  process.stderr.write(`tests left out: ${import.meta.filename}: ${skip}\n`);
}
after(() => started?.stop());

describe("exactly once, whatever breaks", { skip }, () => {
  for (let run = 0; run < RUNS; run++) {
    const plan = planOf(SEED + run, RECORDS);
    it(`seed ${plan.seed}: ${describePlan(plan)}`, () =>
      inWorkspace("exactly-once", async (workspace) => {
        const { faults, failpoints } = await faultyRun(workspace, started as Servers, plan);
        process.stdout.write(`  seed ${plan.seed}: ${[...faults, ...failpoints].join("; ")}\n`);
      }));
  }
});
