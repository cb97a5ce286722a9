/**
 * Owns: whether two versions of a StreamJob differ in anything that a decision was made from.
 * Not here: what is written when they don't (own-object-actions.ts).
 *
 * STD1 What the operator reads of a StreamJob is all of it but its labels, other people's annotations, and who wrote what. A field that
 *     nobody thought of here counts as read.
 */
import { isDeepStrictEqual } from "node:util";
import { API_GROUP, type StreamJob } from "../../crds/index.ts";

const notRead: ReadonlySet<string> = new Set(["resourceVersion", "managedFields", "labels", "annotations"]);

/** False: what was decided about `left` may be wrong about `right`. */
export function isSameToDecide(left: StreamJob, right: StreamJob): boolean {
  return isDeepStrictEqual(whatIsRead(left), whatIsRead(right));
}

function whatIsRead({ metadata, ...rest }: StreamJob): object {
  const fields = Object.entries(metadata).filter(([name]) => !notRead.has(name));
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith(`${API_GROUP}/`));
  return { ...rest, metadata: Object.fromEntries(fields), annotations: Object.fromEntries(annotations) };
}
