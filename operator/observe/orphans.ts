/** Owns: which snapshots wait to be let go though there is no StreamJob that could do it. */
import { CLEANUP_FINALIZER, type StreamJobSnapshot } from "../../crds/index.ts";
import type { ObjectKey } from "../kubernetes/api/index.ts";
import type { ObserveDeps } from "./observe.ts";

/** Snapshots of the StreamJob, which must not be there, that are being deleted and have our finalizer; by name. */
export function orphansOf(
  { namespace, name }: ObjectKey,
  { readers, links }: Pick<ObserveDeps, "readers" | "links">,
): readonly StreamJobSnapshot[] {
  return links
    .snapshotsOf(namespace, name)
    .flatMap((snapshot) => readers.StreamJobSnapshot.get({ namespace, name: snapshot }) ?? [])
    .filter(
      ({ metadata: { deletionTimestamp, finalizers = [] } }) =>
        deletionTimestamp !== undefined && finalizers.includes(CLEANUP_FINALIZER),
    );
}
