/**
 * Owns: the facts of one decision, gathered once: who the job is, what it is to be, what runs, what is being done.
 *
 * SI1 An invalid spec has no target: what runs goes on and is healed as before (P-2).
 * SI2 A revision that failed is no target until the spec changes (P-25).
 * SI3 Lists are sorted here, once: what is decided does not depend on the order in which things were listed (RE2).
 * SI4 A spec that cannot be resolved is an invalid one, though validation has passed it: nothing of it is in force (P-38).
 * SI5 Incarnations and versions are looked up here alone, once each: nobody else searches an Observed for them.
 */
import { type Operation, type ResolvedSpec, type StreamJob, withDefaults } from "../../../crds/index.ts";
import { configMapName, revisionName } from "../../engine/index.ts";
import { incarnationJobId, ownSavepoints, savepointDirectory, storeUriOf } from "./ids.ts";
import type { JobManagerView, Observed, ObservedIncarnation, SpecRevision, TriggerView } from "./observed.ts";
import { resolveRevision, revisionByName, revisionHash } from "./revision.ts";
import type { DecisionFailure } from "../actions/plan.ts";
import type { ReconcileSettings } from "./settings.ts";
import { statusOf } from "../status/stored-status.ts";

export type Target =
  | { readonly kind: "valid"; readonly spec: ResolvedSpec; readonly revision: string; readonly generation: number }
  | { readonly kind: "invalid"; readonly message: string; readonly generation: number };

/** What is known of one incarnation. */
export type IncarnationFacts = {
  /** null: nothing is there of it. */
  readonly objects: ObservedIncarnation | null;
  /** Absent where nothing is there of it. */
  readonly view: JobManagerView;
};

/** A revision with its spec resolved by today's defaults. */
export type Version = { readonly revision: SpecRevision; readonly spec: ResolvedSpec };

export type Situation = {
  readonly observed: Observed;
  readonly job: StreamJob;
  readonly settings: ReconcileSettings;
  readonly nowMs: number;
  readonly generation: number;
  readonly target: Target;
  /** Why a spec that validation has passed cannot be resolved; null: it can. */
  readonly failure: DecisionFailure | null;
  readonly incarnation: (number: number | null | undefined) => IncarnationFacts;
  /** By the revision's name, which may be the one that the object has now; null: it is not kept any more. */
  readonly version: (revision: string) => Version | null;
};

export function situationOf(listed: Observed, settings: ReconcileSettings, nowMs: number): Situation {
  const observed = sorted(listed);
  const { job } = observed;
  const generation = job.metadata.generation ?? 0;
  const facts = { job, settings, nowMs, generation };
  try {
    const target = targetOf(observed, generation);
    return { ...facts, ...lookUpsOf(observed), observed, target, failure: null };
  } catch (error) {
    // SI4
    const message = error instanceof Error ? error.message : String(error);
    const issues = [{ path: "spec", reason: "Unresolvable", message }];
    const failure = { part: "the spec", error };
    const target = { kind: "invalid", generation, message } as const;
    const refused: Observed = { ...observed, validated: { kind: "invalid", issues } };
    return { ...facts, ...lookUpsOf(refused), observed: refused, target, failure };
  }
}

const nothingThere: IncarnationFacts = { objects: null, view: { kind: "absent" } };

/** SI5 */
function lookUpsOf(observed: Observed): Pick<Situation, "incarnation" | "version"> {
  const incarnations = new Map(
    observed.incarnations.map((objects) => [objects.number, { objects, view: objects.jobManager }] as const),
  );
  const versions = new Map<string, Version | null>();
  return {
    incarnation: (number) => incarnations.get(number ?? 0) ?? nothingThere,
    version: (name) => {
      // Resolved when it is asked for: one that cannot be costs only who asks (P-38).
      const version = versions.has(name) ? (versions.get(name) ?? null) : versionOf(observed, name);
      versions.set(name, version);
      return version;
    },
  };
}

type Named = { readonly metadata: { readonly name: string } };

const byName = (a: Named, b: Named): number => (a.metadata.name < b.metadata.name ? -1 : 1);

/** SI3 */
function sorted(observed: Observed): Observed {
  return {
    ...observed,
    revisions: observed.revisions.toSorted((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1)),
    incarnations: observed.incarnations
      .map((incarnation) => ({ ...incarnation, pods: incarnation.pods.toSorted(byName) }))
      .sort((a, b) => a.number - b.number),
    snapshots: observed.snapshots.toSorted(byName),
    disruptionBudgets: observed.disruptionBudgets.toSorted(byName),
  };
}

function targetOf(observed: Observed, generation: number): Target {
  const { validated, job } = observed;
  if (validated.kind === "invalid") {
    const message = validated.issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
    return { kind: "invalid", generation, message };
  }
  const revision = revisionName(job.metadata.name, revisionHash(job.spec));
  return { kind: "valid", generation, revision, spec: withDefaults(job.spec) };
}

/** Why it does not differs from poll to poll, and what is in the status must not: the log tells (RE3). */
export const NO_ANSWER = "the JobManager does not answer";

/** Whether nothing is left that runs, or could be made to run by what is there. */
export function isEmptied({ incarnations }: Observed): boolean {
  return incarnations.every(
    ({ pods, jobManagerSet, taskManagerSet }) => pods.length === 0 && jobManagerSet === null && taskManagerSet === null,
  );
}

/** What became of the operation's own trigger; null: nothing was asked about it. An earlier one's fate says nothing of this one (P-9). */
export function stopTriggerOf({ observed }: Situation, operation: Operation): TriggerView | null {
  return observed.job.status?.operation?.triggerId === operation.triggerId ? observed.stopTrigger : null;
}

function versionOf(observed: Observed, name: string): Version | null {
  const revision = revisionByName(observed, name);
  if (revision === null) return null;
  // Of an invalid spec nothing is in force, not even what only the operator reads (SI1).
  const current = observed.validated.kind === "invalid" ? revision.spec : observed.job.spec;
  return { revision, spec: resolveRevision(revision, current) };
}

/**
 * Ids and places of an incarnation that runs `spec`. Its ConfigMap is called as it is, or as its pods are told (CHI6). Its store stays where its pods were told that it is, or the status says: an operator
 * with another storage root would take it for one without state (P-31).
 */
export function incarnationPlaces(situation: Situation, number: number, spec: ResolvedSpec) {
  const { job, settings } = situation;
  const jobId = incarnationJobId(job, number);
  const { configMap = null, jobManagerSet = null, taskManagerSet = null } = situation.incarnation(number).objects ?? {};
  const set = jobManagerSet ?? taskManagerSet;
  const { active } = statusOf(job);
  const recorded =
    (configMap === null ? null : settings.engine.storeUriIn(configMap)) ??
    (active?.incarnation === number ? active.storeUri : null);
  return {
    jobId,
    storeUri: recorded ?? storeUriOf(job, spec, jobId, settings),
    savepointDirectory: savepointDirectory(job, spec, settings),
    configMapName:
      configMap?.metadata.name ??
      (set === null ? null : settings.engine.configMapOf(set)) ??
      configMapName(job.metadata.name, number, job.metadata.uid ?? ""),
    ...(settings.savepointPrefixes === undefined
      ? {}
      : { savepointPrefixes: [ownSavepoints(job, settings), ...settings.savepointPrefixes] }),
  };
}

/** What the job threw last; where to look, when this operator has not been told. */
export function newestException({ observed }: Situation): string {
  return observed.newestException?.message ?? "see its events for the reason";
}
