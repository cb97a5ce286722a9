/**
 * Owns: one run within a time, and what came of it.
 *
 * XOB1 A run that does not end in time is reported like one that found something wrong: its job is killed, and servers are not used again.
 */
import { systemClock } from "../../../base/index.ts";
import { inWorkspace, type Workspace } from "../../integration/workspace.ts";
import { faultyRun, type RunReport } from "./faulty-run.ts";
import type { RunPlan } from "./plan.ts";
import type { Servers } from "./servers.ts";

/** Many times what a run takes on a busy machine. */
export const RUN_WITHIN_MS = 600_000;

export type Outcome = {
  readonly plan: RunPlan;
  readonly seconds: number;
  /** null: nothing was wrong. */
  readonly problem: string | null;
  readonly isHung: boolean;
  /** null: something was wrong. */
  readonly report: RunReport | null;
};

type Watch = {
  readonly withinMs?: number;
  /** Gets what happened when, line by line, of a run that was good. */
  readonly onTimeline?: (line: string) => void;
};

export async function runOnce(
  servers: Servers,
  plan: RunPlan,
  { withinMs = RUN_WITHIN_MS, onTimeline = () => undefined }: Watch = {},
): Promise<Outcome> {
  const startedMs = systemClock.monotonicMs();
  const late = Promise.withResolvers<never>();
  let isHung = false;
  const deadline = systemClock.after(withinMs, () => {
    isHung = true;
    late.reject(new Error(`the run did not end within ${withinMs / 1000} s`));
  });
  let report: RunReport | null = null;
  let problem: string | null = null;
  try {
    await inWorkspace("exactly-once", async (workspace: Workspace) => {
      // A run that is late goes on until it finds that its job was killed.
      report = await Promise.race([faultyRun(workspace, servers, plan), late.promise]);
      for (const line of workspace.notes) onTimeline(line);
    });
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  } finally {
    deadline.cancel();
  }
  return { plan, seconds: (systemClock.monotonicMs() - startedMs) / 1000, problem, isHung, report };
}
