/**
 * Owns: what a failure of tasks leads to. Pure: facts in, a named decision with its reason out.
 * Not here: when a restart may come (restart-strategy.ts), carrying it out (failover.ts, scheduler.ts).
 *
 * FD1 A failure of a region that is being stopped is an echo of the one that stopped it, unless it is terminal (RS-8). So is every
 *     failure while the job fails.
 * FD2 Once the job has stopped with its savepoint no restart strategy ends it: nothing runs any more that could fail again and again,
 *     and what the savepoint holds must be committed (CC7). A terminal error does end it.
 * FD3 Some regions restart alone (RS-6), but all of them when what they restore is of the whole job: tasks were told to finish, so it
 *     is the final checkpoint; or the sources have ended their data for a drain that this failure has made fail (CC6).
 * FD4 A failed drain is no failure of the job: it goes on from its last checkpoint at once, whatever the strategy. When a task's failure
 *     is what made the drain fail, its region's restart has its time already, and the others join it: they have ended their data, and
 *     would wait for ever.
 */
import type { ErrorInfo } from "../../../base/index.ts";
import type { RestartStrategy } from "../../graph/index.ts";
import { isTerminal, type LiveStatus } from "./lifecycle.ts";
import { decideRestart, type RestartMemory } from "./restart-strategy.ts";

/** Between attempts to commit what stopped the job, when the restart strategy has given up. */
const COMMIT_AGAIN_MS = 1000;

export type FailureFacts = {
  readonly status: LiveStatus;
  readonly error: Pick<ErrorInfo, "destiny" | "message">;
  /** All regions that have failed are being stopped already. */
  readonly areStopping: boolean;
  /** The job was stopped with its newest savepoint (CC7). */
  readonly hasStopped: boolean;
  /** Some task was told to finish, and the job has periodic checkpoints. */
  readonly isFinishing: boolean;
  /** A drain was triggered and is not complete. */
  readonly isDraining: boolean;
  readonly strategy: RestartStrategy;
  readonly memory: RestartMemory;
  /** By the monotonic clock. */
  readonly nowMs: number;
  /** In [0, 1): decides the jitter. */
  readonly chance: number;
};

export type FailureDecision =
  /** The job is over, or being cancelled. */
  | { readonly kind: "ignore"; readonly reason: string }
  /** To be noted beside the failure that it belongs to. */
  | { readonly kind: "echo"; readonly reason: string }
  | {
      readonly kind: "restart";
      readonly scope: "regions" | "job";
      readonly atMs: number;
      readonly delayMs: number;
      /** It joins a restart that is planned already. */
      readonly isMerged: boolean;
      readonly memory: RestartMemory;
      readonly reason: string;
    }
  /** A restart whose only purpose is to commit what the savepoint holds. */
  | {
      readonly kind: "commitAgain";
      readonly scope: "regions" | "job";
      readonly atMs: number;
      readonly memory: RestartMemory;
      readonly reason: string;
    }
  | { readonly kind: "fail"; readonly memory: RestartMemory; readonly reason: string };

export function decideFailure(facts: FailureFacts): FailureDecision {
  const { status, error, nowMs, chance } = facts;
  const isHopeless = error.destiny === "terminal";
  if (status === "CANCELLING" || isTerminal(status)) return { kind: "ignore", reason: `the job is ${status}` };
  if (status === "FAILING") return { kind: "echo", reason: "the job fails already" };
  if (facts.areStopping && !isHopeless) return { kind: "echo", reason: "its region is being stopped already" };
  const { decision, memory } = decideRestart(facts.strategy, facts.memory, { destiny: error.destiny, nowMs, chance });
  const scope = facts.isFinishing || facts.isDraining ? "job" : "regions";
  if (decision.kind === "restart") {
    const reason = `the restart strategy ${facts.strategy.kind} allows it`;
    return { ...decision, scope, memory, reason };
  }
  if (facts.hasStopped && !isHopeless) {
    const reason = `${decision.reason}, but the savepoint that the job was stopped with must be committed`;
    return { kind: "commitAgain", scope, atMs: nowMs + COMMIT_AGAIN_MS, memory, reason };
  }
  return { kind: "fail", memory, reason: decision.reason };
}

export type DrainFailureFacts = {
  readonly status: LiveStatus;
  /** By the monotonic clock. */
  readonly nowMs: number;
  /** When regions are to restart for another reason, by the monotonic clock. */
  readonly plannedMs: readonly number[];
};

export type DrainFailureDecision =
  /** The job is over, ends, or has not run since: there is nothing to take back. */
  { readonly kind: "ignore"; readonly reason: string } | { readonly kind: "restartAll"; readonly atMs: number };

/** FD4 */
export function decideDrainFailure({ status, nowMs, plannedMs }: DrainFailureFacts): DrainFailureDecision {
  if (status !== "RUNNING" && status !== "RESTARTING") return { kind: "ignore", reason: `the job is ${status}` };
  return { kind: "restartAll", atMs: Math.max(nowMs, ...plannedMs) };
}
