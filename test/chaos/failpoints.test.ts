/**
 * A process is killed with SIGKILL at every named place of the runtime, one job for each; the committed output has to be that of a
 * run without kills.
 *
 * FT1 Every name of `failpointNames` is in the plan; the compiler says so when one is added.
 *     Those that only an incarnation reaches are tried by test/integration/activation.test.ts.
 * FT2 That the place was reached is proved by what the process says just before it dies, and by the signal that ended it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type FailpointName, failpointNames } from "../../runtime/failures/index.ts";
import { jobArgs } from "../integration/job-args.ts";
import type { JobRun } from "../integration/job-run.ts";
import { expectedLines } from "../integration/jobs/word-count.ts";
import { assertSameLines, hiddenParts, readLines } from "../integration/part-files.ts";
import { inWorkspace } from "../integration/workspace.ts";

const MODULE = new URL("../integration/jobs/word-count.ts", import.meta.url).pathname;
const WORDS = 31;
const RECORDS = 3000;
const RATE = 1000;

/** At which times it is reached somebody dies: of the JobManager, or of the first and the second TaskManager. */
type Plan =
  | { readonly of: "jobManager"; readonly hit: number }
  | { readonly of: "taskManagers"; readonly hits: readonly [number, number] }
  /** Is reached only when a task is restored: something else has to die first. */
  | { readonly of: "restoredTaskManager"; readonly hit: number };

const plans: Record<FailpointName, Plan | null> = {
  "jm:after-epoch-claim": { of: "jobManager", hit: 1 },
  "jm:after-fence": { of: "jobManager", hit: 1 },
  "jm:before-trigger": { of: "jobManager", hit: 3 },
  "jm:after-trigger": { of: "jobManager", hit: 3 },
  "jm:before-manifest": { of: "jobManager", hit: 2 },
  "jm:after-manifest": { of: "jobManager", hit: 2 },
  "jm:before-commit-marker": { of: "jobManager", hit: 2 },
  "jm:after-commit-marker": { of: "jobManager", hit: 2 },
  "jm:before-discard": { of: "jobManager", hit: 2 },
  "jm:before-result": { of: "jobManager", hit: 1 },
  "jm:after-result": { of: "jobManager", hit: 1 },
  "jm:before-activation": null,
  "jm:after-activation": null,
  "jm:before-predecessor-fence": null,
  // A slot reaches these once for the source's chain and once for the sink's: 1 and 2 are the first checkpoint, 5 the third.
  "tm:before-snapshot": { of: "taskManagers", hits: [1, 6] },
  "tm:after-snapshot": { of: "taskManagers", hits: [2, 5] },
  "tm:before-upload": { of: "taskManagers", hits: [1, 6] },
  "tm:before-ack": { of: "taskManagers", hits: [2, 5] },
  "tm:before-commit": { of: "taskManagers", hits: [1, 3] },
  "tm:after-commit": { of: "taskManagers", hits: [1, 3] },
  "tm:before-restore": { of: "restoredTaskManager", hit: 1 },
};

describe("the output is exact when a process is killed at", () => {
  for (const name of failpointNames) {
    const plan = plans[name];
    if (plan === null) continue;
    it(`${name}, ${describePlan(plan)}`, () =>
      inWorkspace("failpoint", async (workspace) => {
        const output = workspace.path("output");
        const run = await workspace.start({
          module: MODULE,
          args: jobArgs({ count: RECORDS, rate: RATE, words: WORDS, output, until: workspace.mayEndFile }),
          parallelism: 2,
          taskManagers: 2,
          failpoints: failpointsOf(name, plan),
        });
        if (plan.of === "restoredTaskManager") {
          const first = await run.nextCheckpoint(0);
          workspace.note(`checkpoint ${first} completed: the second TaskManager is killed`);
          process.kill(run.cluster.pids().taskManagers[1] as number, "SIGKILL");
        }
        const isAtTheEnd = name === "jm:before-result" || name === "jm:after-result";
        if (!isAtTheEnd) await run.until("the failpoint to be hit", () => notHit(run, name, plan).length === 0);
        await run.finish();
        assertHit(run, name, plan);
        assertSameLines(readLines(output), expectedLines(RECORDS, WORDS));
        assert.deepEqual(hiddenParts(output), [], "parts that are in no checkpoint are left over");
      }));
  }
});

function describePlan(plan: Plan): string {
  if (plan.of === "jobManager") return `the JobManager at time ${plan.hit}`;
  if (plan.of === "restoredTaskManager") return "a TaskManager when it is restored, after another one was killed";
  return `one TaskManager at time ${plan.hits[0]}, the other at time ${plan.hits[1]}`;
}

function failpointsOf(name: string, plan: Plan): { jobManager?: string; taskManagers?: string[] } {
  if (plan.of === "jobManager") return { jobManager: `${name}=kill@${plan.hit}` };
  if (plan.of === "restoredTaskManager") return { taskManagers: [`${name}=kill@${plan.hit}`] };
  return { taskManagers: plan.hits.map((hit) => `${name}=kill@${hit}`) };
}

/** FT2 */
function assertHit(run: JobRun, name: string, plan: Plan): void {
  assert.deepEqual(notHit(run, name, plan), [], `these did not reach ${name} so often; logs in ${run.logFolder}`);
  for (const process of victims[plan.of]) {
    assert.match(run.story.join("\n"), new RegExp(`${process} \\(pid \\d+\\) was killed by SIGKILL`));
  }
}

const victims = {
  jobManager: ["JobManager"],
  restoredTaskManager: ["TaskManager 1"],
  taskManagers: ["TaskManager 1", "TaskManager 2"],
} as const;

/** The processes that have not died at the failpoint so far. */
function notHit(run: JobRun, name: string, plan: Plan): readonly string[] {
  return victims[plan.of].filter((process) => {
    const path = join(run.logFolder, `${process.toLowerCase().replace(" ", "-")}.log`);
    return !readFileSync(path, "utf8").split("\n").includes(`failpoint ${name}: kill`);
  });
}
