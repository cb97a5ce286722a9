/** Aligned sources in processes: what readers report reaches the JobManager, and what it says pauses the one that is ahead (WM-4). */
import { it } from "node:test";
import { z } from "zod";
import { exceptionsSchema } from "../../contract/index.ts";
import { answered } from "./job-run.ts";
import { inWorkspace } from "./workspace.ts";

const MODULE = new URL("./jobs/aligned-numbers.ts", import.meta.url).pathname;
const jobSchema = z.object({ vertices: z.array(z.object({ id: z.string(), name: z.string() })) });
const metricsSchema = z.array(z.object({ id: z.string(), value: z.string().optional() }));

it("the source that is ahead is paused, the other one is not, also after a TaskManager was killed", () =>
  inWorkspace("aligned", async (workspace) => {
    const options = { "restart-strategy.type": "fixed-delay", "restart-strategy.fixed-delay.delay": "100 ms" };
    const run = await workspace.start({ module: MODULE, parallelism: 2, taskManagers: 2, options });
    /** How many subtasks of the source are paused; null: nobody says so now. */
    const paused = async (source: string): Promise<number | null> => {
      const job = jobSchema.safeParse(await answered(run.get("")));
      const vertex = job.data?.vertices.find(({ name }) => name.includes(source));
      if (vertex === undefined) return null;
      const path = `/vertices/${vertex.id}/metrics`;
      const ids = metricsSchema.safeParse(await answered(run.get(path))).data ?? [];
      const wanted = ids.map(({ id }) => id).filter((id) => id.endsWith(".pausedByAlignment"));
      if (wanted.length < 2) return null;
      const values = metricsSchema.safeParse(await answered(run.get(`${path}?get=${wanted.join(",")}`))).data ?? [];
      return values.length < 2 ? null : values.reduce((sum, { value }) => sum + Number(value), 0);
    };
    const isAligned = async (): Promise<boolean> => (await paused("fast")) === 2 && (await paused("slow")) === 0;
    await run.until("the fast source is paused", isAligned);
    const [pid] = run.cluster.pids().taskManagers;
    if (typeof pid === "number") process.kill(pid, "SIGKILL");
    await run.until("the loss is noticed", async () => {
      const answer = exceptionsSchema.safeParse(await answered(run.get("/exceptions")));
      return (answer.data?.exceptionHistory.entries.length ?? 0) > 0;
    });
    await run.until("the job runs again", async () => (await run.status()) === "RUNNING");
    await run.until("the fast source is paused again", isAligned);
  }));
