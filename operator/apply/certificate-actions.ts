/**
 * Owns: writing the certificates of an incarnation: its Secret, and then its Service, which says that they are there.
 *
 * CEA1 The Secret is applied and never read; it belongs to the incarnation's ConfigMap and goes with it. What is issued for a term is always
 *     the same, so doing it again changes nothing.
 * CEA3 It is not applied by force: a Secret of that name that somebody else wrote is not taken over.
 * CEA2 No key and no certificate is in a plan, a log line or an event: they exist between the authority and the API server (SEC-16).
 */
import { CERTIFICATES_ANNOTATION } from "../../crds/index.ts";
import { isApiError, type Secret } from "../kubernetes/api/index.ts";
import { identitySecretName } from "../engine/index.ts";
import type { Action } from "../reconcile/index.ts";
import { type ActionContext, call, FIELD_MANAGER, keyOf } from "./action-context.ts";
import { applyChild } from "./child-actions.ts";
import { ActionStopped } from "./outcome.ts";

type Issue = Extract<Action, { kind: "issueCertificates" }>;

export async function issueCertificates(context: ActionContext, action: Issue): Promise<void> {
  const { incarnation, jobId, term, stage, mark, configMap, service } = action;
  const { api, caches, authority, job } = context;
  const { name: jobName } = job.metadata;
  if (authority === null) throw new ActionStopped("this operator has no certificate authority", "refused");
  const owner = caches.ConfigMap.get(keyOf(context, configMap));
  const uid = owner?.metadata.uid;
  if (owner === null || uid === undefined) {
    throw new ActionStopped(`ConfigMap ${configMap} has to be there first`, "waiting");
  }
  const { namespace } = context;
  const files = authority.issue({ namespace, job: jobName, incarnation, jobId }, term, stage);
  const secret: Secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: identitySecretName(jobName, incarnation),
      namespace,
      labels: owner.metadata.labels ?? {},
      ownerReferences: [{ apiVersion: "v1", kind: "ConfigMap", name: owner.metadata.name, uid, controller: true }],
    },
    type: "Opaque",
    data: Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString("base64")])),
  };
  const { name } = secret.metadata;
  try {
    await call(context, `apply Secret ${name}`, (signal) =>
      api.apply("Secret", secret, { fieldManager: FIELD_MANAGER, force: false, signal }),
    );
  } catch (error) {
    if (!isApiError(error, "Conflict")) throw error;
    const what = `Secret ${name} already exists and holds what somebody else wrote: delete it, the operator writes its own`;
    throw new ActionStopped(what, "refused"); // CEA3
  }
  const annotations = { ...service.metadata.annotations, [CERTIFICATES_ANNOTATION]: `${mark}.${uid}` };
  await applyChild(context, { ...service, metadata: { ...service.metadata, annotations } }, null);
}
