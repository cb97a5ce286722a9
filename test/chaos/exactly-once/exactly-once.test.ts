/**
 * Kafka → keyed count → Kafka and MySQL on real servers, while processes, broker and database are killed, stopped and restarted at moments
 * of a seed: what the servers hold in the end is what a calm run would have left (oracle.ts).
 *
 * XOT1 The seed is in each test's name; STREAMJOB_CHAOS_SEED repeats all. `npm run chaos -- exactly-once --runs N --seed S` runs more.
 */
import { describe, it } from "node:test";
import { systemRandom } from "../../../base/index.ts";
import { inWorkspace } from "../../integration/workspace.ts";
import { faultyRun, planOf } from "./faulty-run.ts";
import { ownServers } from "./servers.ts";

/** `npm test` has this many. */
const SAMPLE = 10;
const RUNS = Number(process.env["STREAMJOB_CHAOS_RUNS"] ?? SAMPLE);
const RECORDS = 4000;
const SEED = Number(process.env["STREAMJOB_CHAOS_SEED"] ?? Number.parseInt(systemRandom.hex(3), 16));

const { skip, servers } = await ownServers();

describe("exactly once, whatever breaks", { skip }, () => {
  for (let run = 0; run < RUNS; run++) {
    const plan = planOf(SEED + run, RECORDS);
    const name = `${plan.mode}, ${plan.faults.join(", then ")}${plan.isLeftDead ? ", then 11 left dead past the timeout" : ""}`;
    it(`seed ${plan.seed}: ${name}`, () =>
      inWorkspace("exactly-once", async (workspace) => {
        const happened = await faultyRun(workspace, servers(), plan);
        process.stdout.write(
          `  seed ${plan.seed}: ${happened.length} of ${plan.faults.length + Number(plan.isLeftDead)} faults came\n`,
        );
      }));
  }
});
