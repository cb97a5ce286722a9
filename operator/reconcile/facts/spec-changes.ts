/**
 * Owns: what differs between two specs, and what each difference costs: ordered, named checks.
 * Called by: next-operation.ts, the CLI's `diff`, the generated table in docs.
 *
 * SPC1 Compared are resolved specs: a default that is written out is no change (P-1).
 * SPC2 Each field of a resolved spec is in exactly one check; a test proves it.
 */
import type { ResolvedSpec } from "../../../crds/index.ts";
import { isSameJson } from "./revision.ts";

/** From cheap to dear. */
export const changeCosts = ["none", "inPlace", "rescale", "restart", "savepointUpgrade"] as const;
export type ChangeCost = (typeof changeCosts)[number];

export type SpecCheck = {
  /** The field as people write it. */
  readonly field: string;
  readonly cost: ChangeCost;
  /** Why it costs that, in words. */
  readonly why: string;
  readonly read: (spec: ResolvedSpec) => unknown;
  /** Whether the difference is one. Default: any is. */
  readonly isChange?: (from: ResolvedSpec, to: ResolvedSpec) => boolean;
};

const OPERATOR_ONLY = "only the operator reads it";
const NEW_PODS = "pods are recreated; the job's code is the same";

export const specChecks: readonly SpecCheck[] = [
  check("engine", "savepointUpgrade", "another engine runs the job", (spec) => spec.engine),
  check("image", "savepointUpgrade", "the image holds the job's code", (spec) => spec.image),
  check("job", "savepointUpgrade", "the job's code, arguments or environment", (spec) => spec.job),
  check("config", "savepointUpgrade", "options can change how state is stored", (spec) => spec.config),
  check("stateBackend", "savepointUpgrade", "state is stored differently", (spec) => spec.stateBackend),
  check("maxParallelism", "savepointUpgrade", "the number of key groups", (spec) => spec.maxParallelism),
  {
    ...check("restartNonce", "restart", "a restart was requested", (spec) => spec.restartNonce),
    // A request that is taken back, or has been forgotten, asks for nothing.
    isChange: (from, to) => to.restartNonce !== null && to.restartNonce !== from.restartNonce,
  },
  check("imagePullPolicy", "restart", NEW_PODS, (spec) => spec.imagePullPolicy),
  check("imagePullSecrets", "restart", NEW_PODS, (spec) => spec.imagePullSecrets),
  check("serviceAccountName", "restart", NEW_PODS, (spec) => spec.serviceAccountName),
  check("checkpoints", "restart", NEW_PODS, (spec) => spec.checkpoints),
  check("restart", "restart", NEW_PODS, (spec) => spec.restart),
  check("jobManager.resources", "restart", NEW_PODS, (spec) => spec.jobManager.resources),
  check("jobManager.podTemplate", "restart", NEW_PODS, (spec) => spec.jobManager.podTemplate),
  check("taskManager.resources", "restart", NEW_PODS, (spec) => spec.taskManager.resources),
  check("taskManager.podTemplate", "restart", NEW_PODS, (spec) => spec.taskManager.podTemplate),
  check("parallelism", "rescale", "state is redistributed", (spec) => spec.parallelism),
  check("taskManager.replicas", "rescale", "state is redistributed", (spec) => spec.taskManager.replicas),
  check("taskManager.slots", "rescale", "state is redistributed", (spec) => spec.taskManager.slots),
  check("jobManager.pdb", "inPlace", "the budget is created or deleted", (spec) => spec.jobManager.pdb),
  check("taskManager.pdb", "inPlace", "the budget is created or deleted", (spec) => spec.taskManager.pdb),
  check("state", "none", "suspends or resumes the job", (spec) => spec.state),
  check("savepoints", "none", OPERATOR_ONLY, (spec) => spec.savepoints),
  check("savepointNonce", "none", "a savepoint is taken while the job runs", (spec) => spec.savepointNonce),
  check("recovery", "none", OPERATOR_ONLY, (spec) => spec.recovery),
  check("upgrade", "none", OPERATOR_ONLY, (spec) => spec.upgrade),
  check("restore", "none", "it is used once, by the first incarnation", (spec) => spec.restore),
  check("deletion", "none", "read when the job is deleted", (spec) => spec.deletion),
];

export type SpecChange = { readonly field: string; readonly cost: ChangeCost; readonly why: string };

/** All differences, the dearest first. */
export function compareSpecs(from: ResolvedSpec, to: ResolvedSpec): readonly SpecChange[] {
  return specChecks
    .filter(({ read, isChange }) => (isChange === undefined ? !isSameJson(read(from), read(to)) : isChange(from, to)))
    .map(({ field, cost, why }) => ({ field, cost, why }));
}

/** What all of them together cost: as much as the dearest. */
export function costOf(changes: readonly SpecChange[]): ChangeCost {
  let dearest = 0;
  for (const { cost } of changes) dearest = Math.max(dearest, changeCosts.indexOf(cost));
  return changeCosts[dearest] as ChangeCost;
}

/** Whether it needs a new incarnation. */
export const needsIncarnation = (cost: ChangeCost): boolean => cost !== "none" && cost !== "inPlace";

function check(field: string, cost: ChangeCost, why: string, read: SpecCheck["read"]): SpecCheck {
  return { field, cost, why, read };
}
