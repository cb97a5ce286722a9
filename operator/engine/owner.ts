/** Owner references: by them children go with their StreamJob, and are told from those of an earlier one of the same name (P-10). */
import {
  STREAM_JOB_API_VERSION,
  STREAM_JOB_KIND,
  type KubernetesObject,
  type OwnerReference,
  type StreamJob,
} from "../../crds/index.ts";
import { assert } from "../../base/index.ts";

export function ownedBy(job: StreamJob): OwnerReference {
  const { name, uid } = job.metadata;
  assert(uid !== undefined, "an object without uid was never in the API server");
  return {
    apiVersion: STREAM_JOB_API_VERSION,
    kind: STREAM_JOB_KIND,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** Whether the object's controller is this very StreamJob. */
export function isOwnedBy(object: KubernetesObject, jobUid: string | undefined): boolean {
  return object.metadata.ownerReferences?.some(({ uid, controller }) => controller === true && uid === jobUid) ?? false;
}
