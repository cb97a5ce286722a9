/**
 * Owns: ControllerRevisions as values.
 *
 * REVI1 One that cannot be read is left out and said in the log: it must not keep its job from being looked at (P-33).
 */
import { z } from "zod";
import type { StreamJob } from "../../crds/index.ts";
import type { Log } from "../../base/index.ts";
import type { ControllerRevision } from "../kubernetes/api/index.ts";
import type { SpecRevision } from "../reconcile/index.ts";
import { isOwnedBy } from "../engine/index.ts";
import type { ObjectReaders } from "./object-reader.ts";

/** What resources' `controllerRevision` writes; the spec is judged where it is used. */
const dataSchema = z.object({ generation: z.int().min(0), spec: z.looseObject({}) });

/** Of the job, by number. */
export function revisionsOf(job: StreamJob, readers: ObjectReaders, log: Log): SpecRevision[] {
  const { name, uid = "" } = job.metadata;
  return readers.ControllerRevision.byOwner(uid)
    .filter((revision) => isOwnedBy(revision, uid) && revision.metadata.deletionTimestamp === undefined)
    .flatMap((revision) => readRevision(name, revision, log) ?? [])
    .sort((a, b) => a.number - b.number || (a.name < b.name ? -1 : 1));
}

/** Objects never change (KA1), so each is parsed once. */
const parsed = new WeakMap<ControllerRevision, SpecRevision>();

function readRevision(job: string, revision: ControllerRevision, log: Log): SpecRevision | null {
  const known = parsed.get(revision);
  if (known !== undefined) return known;
  const { name } = revision.metadata;
  const data = dataSchema.safeParse(revision.data);
  // Its name is `<job>-<hash>`.
  const hash = name.startsWith(`${job}-`) ? name.slice(job.length + 1) : "";
  if (!data.success || hash === "" || !Number.isInteger(revision.revision)) {
    log.warn(
      { revision: name, issues: data.error?.issues },
      "a ControllerRevision cannot be read and is ignored; delete it if no rollback to it is needed",
    );
    return null;
  }
  const value: SpecRevision = {
    name,
    hash,
    number: revision.revision,
    generation: data.data.generation,
    spec: data.data.spec as unknown as StreamJob["spec"],
  };
  parsed.set(revision, value);
  return value;
}
