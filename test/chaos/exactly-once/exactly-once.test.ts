/**
 * Kafka → keyed count → Kafka and MySQL on real servers, while processes, broker, database, cache and store are killed, stopped and restarted
 * at moments of a seed: what the servers hold in the end is what a calm run would have left (oracle.ts).
 *
 * XOT1 The seed is in each test's name; STREAMJOB_CHAOS_SEED repeats all. `npm run chaos -- exactly-once --runs N --seed S` runs more.
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { systemRandom } from "../../../base/index.ts";
import { isInCi } from "../../environment/index.ts";
import { describePlan, planOf, RECORDS } from "./plan.ts";
import { runOnce } from "./run-once.ts";
import { Servers } from "./servers.ts";

const RUNS = 10;
const SEED = Number(process.env["STREAMJOB_CHAOS_SEED"] ?? Number.parseInt(systemRandom.hex(3), 16));

const start = (): Promise<Servers> => Servers.start((line) => void process.stderr.write(`environment: ${line}\n`));
let skip: false | string = false;
let servers: Servers | null = null;
try {
  servers = await start();
} catch (error) {
  if (isInCi()) throw error;
  skip = `no servers: ${String(error)}`;
  process.stderr.write(`tests left out: ${import.meta.filename}: ${skip}\n`);
}
after(() => servers?.stop());

describe("exactly once, whatever breaks", { skip }, () => {
  for (let run = 0; run < RUNS; run++) {
    const plan = planOf(SEED + run, RECORDS);
    it(`seed ${plan.seed}: ${describePlan(plan)}`, async () => {
      servers ??= await start();
      const { problem, report } = await runOnce(servers, plan);
      if (problem !== null) {
        // Whatever it has left open would be held against the next one.
        await servers.stop();
        servers = null;
        assert.fail(problem);
      }
      const come = [...(report?.faults ?? []), ...(report?.failpoints ?? [])];
      process.stdout.write(`  seed ${plan.seed}: ${come.join("; ")}\n`);
    });
  }
});
