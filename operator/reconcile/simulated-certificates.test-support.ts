/** Owns: for tests: what of an action comes to be in the API server when it makes an object: certificates leave only their mark. */
import { CERTIFICATES_ANNOTATION } from "../../crds/index.ts";
import type { Action, Child } from "./actions/plan.ts";

/** `uidOf`: of the object with that key, `<kind>/<name>`. */
export function objectMade(
  action: Extract<Action, { kind: "applyChild" | "issueCertificates" }>,
  uidOf: (key: string) => string | undefined,
): Child {
  if (action.kind === "applyChild") return action.object;
  const { mark, service, configMap } = action;
  const { metadata } = service;
  const annotations = { [CERTIFICATES_ANNOTATION]: `${mark}.${uidOf(`ConfigMap/${configMap}`)}` };
  return { ...service, metadata: { ...metadata, annotations } };
}
