/** A batch query whose rows are in local files when its TaskManager is killed (SPF1, TC5). */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { exceptionsSchema } from "../../contract/index.ts";
import { jobArgs } from "./job-args.ts";
import { answered, type JobRun } from "./job-run.ts";
import { expectedGroups } from "./jobs/grouped-numbers.ts";
import { readLines } from "./part-files.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("./jobs/grouped-numbers.ts", import.meta.url));
const [COUNT, GROUPS] = [20_000, 5000];
const jobSchema = z.object({ vertices: z.array(z.object({ id: z.string(), name: z.string() })) });
const metricsSchema = z.array(z.object({ id: z.string(), value: z.string().optional() }));

/** What the operators of a vertex have written to files. */
async function spilledBy(run: JobRun, operator: string): Promise<number> {
  const job = jobSchema.safeParse(await answered(run.get("")));
  let bytes = 0;
  for (const { id, name } of job.data?.vertices ?? []) {
    if (!name.includes(operator)) continue;
    const path = `/vertices/${id}/metrics`;
    const known = metricsSchema.safeParse(await answered(run.get(path))).data ?? [];
    const wanted = known.map((metric) => metric.id).filter((metric) => metric.endsWith(".numBytesSpilled"));
    if (wanted.length === 0) continue;
    const found = metricsSchema.safeParse(await answered(run.get(`${path}?get=${wanted.join(",")}`))).data ?? [];
    bytes += found.reduce((sum, { value }) => sum + Number(value), 0);
  }
  return bytes;
}

it("kill -9 of a TaskManager with rows in files leaves no file, and the query starts again: the result is whole, once", () =>
  inWorkspace("batch-spill", async (workspace) => {
    const folder = workspace.path("spilled");
    mkdirSync(folder);
    const run = await workspace.start({
      module: MODULE,
      args: jobArgs({
        count: COUNT,
        groups: GROUPS,
        output: workspace.path("output"),
        until: workspace.mayEndFile,
      }),
      parallelism: 2,
      taskManagers: 2,
      options: { "taskmanager.memory.managed.fraction": "0.000004", "io.tmp.dirs": folder },
    });
    const spills = async (): Promise<boolean> =>
      (await spilledBy(run, "aggregate")) > 0 && (await spilledBy(run, "join")) > 0;
    await run.until("rows are in files", spills);
    const [pid] = run.cluster.pids().taskManagers;
    assert.ok(typeof pid === "number");
    process.kill(pid, "SIGKILL");
    await run.until("the loss is noticed", async () => {
      const answer = exceptionsSchema.safeParse(await answered(run.get("/exceptions")));
      return (answer.data?.exceptionHistory.entries.length ?? 0) > 0;
    });
    assert.deepEqual(readdirSync(folder), []);
    await run.until("the job runs again", async () => (await run.status()) === "RUNNING");
    await run.until("rows are in files again", spills);
    await run.finish();
    assert.deepEqual(readLines(workspace.path("output")).toSorted(), expectedGroups(COUNT, GROUPS).toSorted());
    assert.deepEqual(readdirSync(folder), []);
  }));
