/**
 * Owns: for the test of the operator's endpoint: accounts with roles, tokens that are made anew, a StreamJob that says it runs, and a
 * JobManager's REST for it.
 */
import { createPrivateKey, sign } from "node:crypto";
import { type JobId, type Log, seededRandom, systemClock } from "../../base/index.ts";
import type { StreamJob } from "../../crds/index.ts";
import type { JobAuthority } from "../../operator/certificates/index.ts";
import { certificatePolicy, certificateTerm } from "../../operator/engine/index.ts";
import { isApiError, type Kind, type KubernetesApi, type ObjectKey } from "../../operator/kubernetes/api/index.ts";
import type { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { createControl } from "../../runtime/rest/hand-written-control.test-support.ts";
import { type RestOptions, type RestServer, startRest } from "../../runtime/rest/index.ts";
import { identityOf } from "../../security/identity-folder.test-support.ts";

const RBAC = "rbac.authorization.k8s.io";

/** Whether an object may be read there by now, whether or not it is there. */
export function mayGet(api: Pick<KubernetesApi, "get">, kind: Kind, key: ObjectKey): Promise<boolean> {
  return api.get(kind, key).then(
    () => true,
    (error: unknown) => {
      if (isApiError(error, "Forbidden")) return false;
      throw error;
    },
  );
}

export async function makeAccount(admin: ClusterAdmin, namespace: string, name: string): Promise<void> {
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name } };
  await admin.ask("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, account);
}

type Grant = { readonly account: string; readonly verbs: readonly string[]; readonly jobs?: readonly string[] };

/** A role on the REST of StreamJobs, as a person would give it; it is called as the account. */
export async function grant(admin: ClusterAdmin, namespace: string, { account, verbs, jobs }: Grant): Promise<void> {
  const common = { apiVersion: `${RBAC}/v1`, metadata: { name: account } };
  const names = jobs === undefined ? {} : { resourceNames: jobs };
  const rules = [{ apiGroups: ["streamjob.dev"], resources: ["streamjobs/rest"], verbs, ...names }];
  const path = `/apis/${RBAC}/v1/namespaces/${namespace}`;
  await admin.ask("POST", `${path}/roles`, { ...common, kind: "Role", rules });
  const roleRef = { apiGroup: RBAC, kind: "Role", name: account };
  const subjects = [{ kind: "ServiceAccount", name: account, namespace }];
  await admin.ask("POST", `${path}/rolebindings`, { ...common, kind: "RoleBinding", roleRef, subjects });
}

/** The token with other claims, signed by the API server's own key: what it would say at another time. */
export function signedAnew(token: string, claims: object, key: string): string {
  const [header = "", payload = ""] = token.split(".");
  const said = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const text = `${header}.${Buffer.from(JSON.stringify({ ...said, ...claims })).toString("base64url")}`;
  const signature = sign("sha256", Buffer.from(text), { key: createPrivateKey(key), dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

/** One whose status says that incarnation 1 runs. */
export async function makeStreamJob(admin: ClusterAdmin, namespace: string): Promise<StreamJob> {
  const api = admin.api();
  const made = await api.create("StreamJob", {
    apiVersion: "streamjob.dev/v1alpha1",
    kind: "StreamJob",
    metadata: { name: "wc", namespace },
    spec: { job: { module: "/opt/streamjob/job/job.ts" } },
  });
  const active = {
    incarnation: 1,
    jobId: "0".repeat(32), // no one goes by it
    generation: 1,
    revision: "wc-1",
    storeUri: "file:///state",
    activationId: "c".repeat(32),
    startedAt: "2026-01-01T00:00:00Z",
  };
  const status = { active } as unknown as StreamJob["status"];
  const key = { namespace, name: "wc" };
  const stored = await api.patch("StreamJob", key, { status }, { subresource: "status" });
  api.close();
  return { ...stored, metadata: { ...stored.metadata, uid: made.metadata.uid ?? "" } };
}

/** The REST of that incarnation's JobManager, with its certificate; on this machine and not by loopback's rights. */
export function startJobManager(
  authority: JobAuthority,
  { namespace, job, log }: { readonly namespace: string; readonly job: JobId; readonly log: Log },
): Promise<RestServer> {
  const term = certificateTerm(job, systemClock.nowMs(), certificatePolicy);
  const files = authority.issue({ namespace, job: "wc", incarnation: 1, jobId: job }, term);
  const { "ca.crt": ca = "", "jobmanager.crt": cert = "", "jobmanager.key": key = "" } = files;
  const security = { identity: identityOf({ ca, cert, key }), expected: { jobId: job, role: "taskmanager" } as const };
  const { control } = createControl();
  const incarnation = { jobId: job, incarnation: () => ({ jobId: job }) };
  return startRest({
    port: 0,
    control: { ...control, job: () => ({ ...control.job(), jobId: job }) },
    incarnation: incarnation as unknown as NonNullable<RestOptions["incarnation"]>,
    security: { ...security, clock: systemClock, log },
    clock: systemClock,
    random: seededRandom(1),
    log,
    version: "0.1.0",
  });
}
