/**
 * Owns: the kept revisions of the spec: made before anything runs them, taken away when they are many and nothing names them.
 *
 * RK1 For a StreamJob whose deletion only waits for its pods none is made: nothing will run it.
 */
import { controllerRevision } from "../../engine/index.ts";
import type { Draft } from "../status/draft.ts";
import { isEndingDeletion } from "../operation/operation.ts";
import type { Action } from "./plan.ts";
import { findRevision, nextNumber, revisionHash, runtimePart } from "../facts/revision.ts";
import type { Situation } from "../facts/situation.ts";

/** How many are kept beside those that the status names. */
const REVISIONS_MAX = 10;

export function revisionsFor({ status }: Draft, { observed, job, target, generation }: Situation): readonly Action[] {
  const { active, operation, stable, failed, resume } = status;
  const named = new Set([active, operation, stable, failed, resume].flatMap((part) => (part ? [part.revision] : [])));
  const actions: Action[] = [];
  if (
    !isEndingDeletion(operation) &&
    target.kind === "valid" &&
    named.has(target.revision) &&
    findRevision(observed, target.revision) === null
  ) {
    const data = { generation, spec: runtimePart(job.spec) };
    const revision = controllerRevision(job, nextNumber(observed), revisionHash(job.spec), data);
    actions.push({ kind: "createRevision", revision });
  }
  const idle = observed.revisions.filter(({ name }) => !named.has(name));
  for (const { name } of idle.slice(0, Math.max(0, idle.length - REVISIONS_MAX))) {
    actions.push({ kind: "deleteRevision", name });
  }
  return actions;
}
