/**
 * Owns: a pod's status, from what its worker knows of the container. Pure.
 * Called by: pod-worker.ts, instant-kubelet.ts.
 *
 * POS1 The status is a function of these facts alone: equal facts, equal status, so that nothing is written when nothing changed.
 */
import type { ContainerStatus, Pod } from "../../operator/kubernetes/api/index.ts";
import { POD_IP } from "./container-plan.ts";

export type Terminated = { readonly exitCode: number; readonly message: string; readonly finishedMs: number };

export type ContainerState =
  | { readonly kind: "waiting"; readonly reason: string; readonly message: string }
  | { readonly kind: "running"; readonly startedMs: number; readonly isReady: boolean }
  | ({ readonly kind: "terminated" } & Terminated);

export type PodFacts = {
  /** Name of the container. */
  readonly container: string;
  readonly state: ContainerState;
  /** How the instance before ended; null: there was none. */
  readonly last: Terminated | null;
  /** Whether the container was ever started. */
  readonly wasStarted: boolean;
  readonly restartCount: number;
  /** No instance will follow. */
  readonly isOver: boolean;
};

export type PodStatus = NonNullable<Pod["status"]>;

/**
 * What a new worker knows of a pod from its status. A container that an earlier control plane ran has died with it (its leash, the
 * ledger), so its next start is a restart; one that is over stays over.
 */
export function resumeFacts(pod: Pod, nowMs: number): PodFacts {
  const container = pod.spec.containers[0]?.name ?? "";
  const status = pod.status?.containerStatuses?.find((candidate) => candidate.name === container);
  const isOver = pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
  const ended = status?.state?.terminated ?? status?.lastState?.terminated;
  const lost = { exitCode: 137, message: "the control plane that ran it ended before it", finishedMs: nowMs };
  const before =
    ended === undefined
      ? null
      : { exitCode: ended.exitCode, message: ended.message ?? "", finishedMs: timeIn(ended, nowMs) };
  return {
    container,
    state:
      isOver && before !== null
        ? { kind: "terminated", ...before }
        : { kind: "waiting", reason: "ContainerCreating", message: "" },
    last: status?.state?.running === undefined ? before : lost,
    wasStarted: status?.state?.running !== undefined || ended !== undefined,
    restartCount: status?.restartCount ?? 0,
    isOver,
  };
}

function timeIn(ended: { readonly finishedAt?: string }, otherwiseMs: number): number {
  return ended.finishedAt === undefined ? otherwiseMs : Date.parse(ended.finishedAt);
}

/** The status that these facts are. */
export function buildPodStatus(facts: PodFacts): PodStatus {
  const isReady = facts.state.kind === "running" && facts.state.isReady;
  return {
    phase: phaseOf(facts),
    podIP: POD_IP,
    ...(facts.state.kind === "waiting" && facts.state.message !== "" ? { message: facts.state.message } : {}),
    conditions: [
      { type: "PodScheduled", status: "True" },
      readiness("ContainersReady", isReady, facts),
      readiness("Ready", isReady, facts),
    ],
    containerStatuses: [containerStatus(facts, isReady)],
  };
}

function phaseOf(facts: PodFacts): NonNullable<PodStatus["phase"]> {
  if (facts.isOver && facts.state.kind === "terminated") return facts.state.exitCode === 0 ? "Succeeded" : "Failed";
  if (facts.isOver) return "Failed"; // it never ran, and never will
  return facts.wasStarted ? "Running" : "Pending";
}

function readiness(type: string, isReady: boolean, facts: PodFacts): NonNullable<PodStatus["conditions"]>[number] {
  if (isReady) return { type, status: "True" };
  const reason = facts.isOver ? "PodCompleted" : "ContainersNotReady";
  return { type, status: "False", reason, message: `containers with unready status: [${facts.container}]` };
}

function containerStatus(facts: PodFacts, isReady: boolean): ContainerStatus {
  return {
    name: facts.container,
    ready: isReady,
    restartCount: facts.restartCount,
    state: stateOf(facts.state),
    ...(facts.last === null ? {} : { lastState: { terminated: terminatedOf(facts.last) } }),
  };
}

function stateOf(state: ContainerState): NonNullable<ContainerStatus["state"]> {
  switch (state.kind) {
    case "waiting":
      return { waiting: { reason: state.reason, ...(state.message === "" ? {} : { message: state.message }) } };
    case "running":
      return { running: { startedAt: timeOf(state.startedMs) } };
    case "terminated":
      return { terminated: terminatedOf(state) };
  }
}

function terminatedOf(end: Terminated): NonNullable<NonNullable<ContainerStatus["state"]>["terminated"]> {
  return {
    exitCode: end.exitCode,
    reason: end.exitCode === 0 ? "Completed" : "Error",
    ...(end.message === "" ? {} : { message: end.message }),
    finishedAt: timeOf(end.finishedMs),
  };
}

/** RFC 3339, seconds, as Kubernetes writes times. */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
