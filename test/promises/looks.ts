/**
 * Owns: making an operator of this process look at a StreamJob, and knowing that it has: the proof that nothing follows from a look.
 */
import type { Controller } from "../../operator/controller/index.ts";
import { NAMESPACE, type Rig } from "./rig.ts";

let made = 0;

/** That many looks, each brought about by a label, and each carried out to its end. */
export async function lookAgain(rig: Rig, controller: Controller | null, times = 5, name = "wc"): Promise<void> {
  if (controller === null) throw new Error("there is no operator in this process");
  for (let look = 0; look < times; look++) {
    const before = await looksDone(controller);
    const labels = { "example.org/look": String(made++) };
    await rig.api.patch("StreamJob", { namespace: NAMESPACE, name }, { metadata: { labels } });
    await rig.until("a look", async () => (await looksDone(controller)) > before);
  }
}

async function looksDone({ registry }: Controller): Promise<number> {
  const metric = await registry.getSingleMetric("streamjob_operator_reconcile_seconds")?.get();
  const counts = (metric?.values ?? []) as readonly {
    readonly metricName?: string;
    readonly labels: Readonly<Record<string, unknown>>;
    readonly value: number;
  }[];
  return counts
    .filter(({ metricName, labels }) => metricName?.endsWith("_count") === true && labels["outcome"] === "done")
    .reduce((sum, { value }) => sum + value, 0);
}
