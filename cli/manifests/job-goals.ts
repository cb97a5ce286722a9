/**
 * Owns: what a person waits for after a command, and how it can come out. Pure.
 *
 * GO1 An older look is never an answer: the status has to be about the generation that was asked for.
 */
import { parseTime, readStreamJobStatus, type StreamJob, type StreamJobStatus } from "../../crds/index.ts";
import { conditionOf } from "./job-facts.ts";

export type Outcome = { readonly kind: "reached" | "failed"; readonly message: string };

/** null: not yet. */
export type Goal = (job: StreamJob | null) => Outcome | null;

/** What is asked for by that generation, or a newer one, is so. */
export function readyAt(generation: number): Goal {
  return withStatus((status) => {
    if (status.observedGeneration < generation) return null;
    const ready = conditionOf(status, "Ready");
    if (ready?.status === "True") return { kind: "reached", message: ready.message };
    return needsPerson(status);
  });
}

/** That revision runs again and has completed a checkpoint, asked for after `sinceMs`. */
export function runsRevision(revision: string, sinceMs: number): Goal {
  return withStatus((status) => {
    const { active, operation, history } = status;
    if (active?.revision === revision && operation === undefined && active.firstCheckpointAt !== null) {
      return { kind: "reached", message: `${revision} runs as incarnation ${active.incarnation}` };
    }
    const refusal = history.findLast(
      (entry) => entry.revision === revision && /^(refused|failed)$/.test(entry.what) && parseTime(entry.at) >= sinceMs,
    );
    if (refusal !== undefined) return { kind: "failed", message: refusal.why };
    const stalled = conditionOf(status, "Stalled");
    return stalled?.status === "True" && stalled.reason === "NoSuchRevision"
      ? { kind: "failed", message: stalled.message }
      : null;
  });
}

/** This very object is gone. */
export function isGone(uid: string | undefined): Goal {
  return (job) => (job === null || job.metadata.uid !== uid ? { kind: "reached", message: "deleted" } : null);
}

function needsPerson(status: StreamJobStatus): Outcome | null {
  const paused = conditionOf(status, "Paused");
  if (paused?.status === "True") return { kind: "failed", message: `it is paused: ${paused.message}` };
  const stalled = conditionOf(status, "Stalled");
  if (stalled?.status === "True") return { kind: "failed", message: stalled.message };
  const blocked = conditionOf(status, "UpgradeBlocked");
  if (blocked?.status === "True" && blocked.reason === "AwaitingApproval")
    return { kind: "failed", message: blocked.message };
  return null;
}

function withStatus(judge: (status: StreamJobStatus) => Outcome | null): Goal {
  return (job) => {
    if (job === null) return { kind: "failed", message: "it was deleted in the meantime" };
    const read = readStreamJobStatus(job.status);
    return read.kind === "read" ? judge(read.status) : { kind: "failed", message: "its status cannot be read" };
  };
}
