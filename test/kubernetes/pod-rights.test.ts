/**
 * The operator is no confused deputy (SEC-4), at a real API server: who may write StreamJobs and nothing else gets pods without privileges;
 * who may create pods gets what they could make themselves.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { StreamJobSpec } from "../../crds/index.ts";
import { isApiError, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { apiServerPart, testPart } from "../environment/index.ts";
import { tokenOf } from "./operator-access.ts";
import { until } from "./until.ts";

const server = await testPart(apiServerPart);
const POLICY = fileURLToPath(new URL("../../helm/streamjob-operator/files/pod-template-policy.yaml", import.meta.url));
const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const ADMISSION = "/apis/admissionregistration.k8s.io/v1";

const job = { module: "/opt/streamjob/job/job.ts" };
const pod = (spec: Readonly<Record<string, unknown>>): StreamJobSpec =>
  ({ job, taskManager: { podTemplate: { spec } } }) as StreamJobSpec;
const ours = (fields: object): StreamJobSpec => pod({ containers: [{ name: "taskmanager", ...fields }] });
const volume = (source: object): StreamJobSpec => pod({ volumes: [{ name: "v", ...source }] });
const contained = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** What nobody gets who may only write StreamJobs. */
const refused: Readonly<Record<string, StreamJobSpec>> = {
  "a privileged container": ours({ securityContext: { privileged: true } }),
  "an escalation of privileges": ours({ securityContext: { allowPrivilegeEscalation: true } }),
  "a capability": ours({ securityContext: { capabilities: { add: ["SYS_ADMIN"] } } }),
  "all capabilities that a runtime gives": ours({ securityContext: { capabilities: { drop: [] } } }),
  "root, by number": ours({ securityContext: { runAsUser: 0 } }),
  "root, for the pod": pod({ securityContext: { runAsUser: 0 } }),
  "root, by an image": pod({ securityContext: { runAsNonRoot: false } }),
  "no security context": pod({ securityContext: null }),
  "another security context": pod({ securityContext: { $patch: "replace" } }),
  "a container of its own in our place": ours({ $patch: "delete" }),
  "a container that keeps nothing": ours({ $retainKeys: ["name"] }),
  "a pod that keeps nothing": pod({ $patch: "replace" }),
  "no seccomp": pod({ securityContext: { seccompProfile: { type: "Unconfined" } } }),
  "no seccomp for a container": ours({ securityContext: { seccompProfile: { type: "Unconfined" } } }),
  "an unmasked /proc": ours({ securityContext: { procMount: "Unmasked" } }),
  "another SELinux context": pod({ securityContext: { seLinuxOptions: { type: "spc_t" } } }),
  sysctls: pod({ securityContext: { sysctls: [{ name: "kernel.shm_rmid_forced", value: "0" }] } }),
  "the host's network": pod({ hostNetwork: true }),
  "the host's processes": pod({ hostPID: true }),
  "the host's memory": pod({ hostIPC: true }),
  "a port of the host": ours({ ports: [{ containerPort: 80, hostPort: 80 }] }),
  "a node of its choice": pod({ nodeName: "control-plane" }),
  "a folder of the host": volume({ hostPath: { path: "/" } }),
  "a share of NFS": volume({ nfs: { server: "a", path: "/" } }),
  "a token": volume({ projected: { sources: [{ serviceAccountToken: { path: "t" } }] } }),
  "another service account": { job, serviceAccountName: "strong" },
  "another service account, in a template": pod({ serviceAccountName: "strong" }),
  "another service account, by its old name": pod({ serviceAccount: "strong" }),
  "a sidecar that may escalate": pod({ containers: [{ name: "side", image: "i" }] }),
  "a privileged init container": pod({
    initContainers: [{ name: "i", image: "i", securityContext: { ...contained, privileged: true } }],
  }),
  "an init container with our name": pod({ initContainers: [{ name: "taskmanager", image: "i" }] }),
  "no AppArmor": {
    job,
    jobManager: {
      podTemplate: {
        metadata: { annotations: { "container.apparmor.security.beta.kubernetes.io/jobmanager": "unconfined" } },
      },
    },
  },
};

const allowed: Readonly<Record<string, StreamJobSpec>> = {
  "no template": { job },
  "the default service account": { job, serviceAccountName: "default" },
  "a claim, with the group that owns it": pod({
    securityContext: { fsGroup: 5, runAsUser: 4711 },
    volumes: [{ name: "v", persistentVolumeClaim: { claimName: "c" } }],
    containers: [{ name: "taskmanager", volumeMounts: [{ name: "v", mountPath: "/state" }] }],
  }),
  "where pods go": pod({ nodeSelector: { disk: "ssd" }, tolerations: [{ operator: "Exists" }], affinity: null }),
  "a root file system that can be written to": ours({ securityContext: { readOnlyRootFilesystem: false } }),
  "a sidecar": pod({ containers: [{ name: "side", image: "i", securityContext: contained }] }),
  "a secret of the namespace": volume({ secret: { secretName: "s" } }),
};

describe("what the author of a StreamJob gets", { skip: server.skip }, () => {
  let admin: ClusterAdmin;
  let namespace: string;
  const opened: (KubernetesApi & { close(): void })[] = [];

  type Rule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] };

  /** Somebody who may write StreamJobs, and what else is given. */
  async function author(name: string, more: readonly Rule[]): Promise<KubernetesApi> {
    const of = `/namespaces/${namespace}`;
    const metadata = { name, namespace };
    await admin.ask("POST", `/api/v1${of}/serviceaccounts`, { apiVersion: "v1", kind: "ServiceAccount", metadata });
    const streamJobs = { apiGroups: ["streamjob.dev"], resources: ["streamjobs"], verbs: ["*"] };
    const rbac = { apiVersion: "rbac.authorization.k8s.io/v1", metadata };
    await admin.ask("POST", `${RBAC}${of}/roles`, { ...rbac, kind: "Role", rules: [streamJobs, ...more] });
    await admin.ask("POST", `${RBAC}${of}/rolebindings`, {
      ...rbac,
      kind: "RoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    });
    const api = admin.api(await tokenOf(admin, namespace, name));
    opened.push(api);
    await until("the role counts", async () => (await verdict(api, { job })) !== "forbidden");
    return api;
  }

  const plurals = ["validatingadmissionpolicies", "validatingadmissionpolicybindings"];
  const pathOf = (index: number): string => `${ADMISSION}/${plurals[index]}/${namespace}`;
  let count = 0;
  const streamJob = (spec: StreamJobSpec) => ({
    apiVersion: "streamjob.dev/v1alpha1" as const,
    kind: "StreamJob" as const,
    metadata: { name: `job-${++count}`, namespace },
    spec,
  });

  /** "made", why the policy refuses it, or "forbidden": no rights at all. */
  async function verdict(api: KubernetesApi, spec: StreamJobSpec): Promise<string> {
    try {
      await api.create("StreamJob", streamJob(spec));
      return "made";
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.message.includes("ValidatingAdmissionPolicy")) return error.message;
      if (isApiError(error, "Forbidden")) return "forbidden";
      throw error;
    }
  }

  before(async () => {
    const { url, ca, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    await admin.installDefinitions();
    namespace = await admin.makeNamespace("authors");
    // Under a name of its own: in a cluster that stands another version of it may be on its way out.
    const text = (await readFile(POLICY, "utf8")).replaceAll("streamjob-pod-templates", namespace);
    for (const [index, document] of parseAllDocuments(text).entries())
      await admin.ask("PATCH", `${pathOf(index)}?fieldManager=helm&fieldValidation=Strict`, document.toJS() as object);
  });
  after(async () => {
    for (const index of [1, 0]) await admin.ask("DELETE", pathOf(index));
    for (const api of opened) api.close();
    admin.close();
  });

  it("without rights of pods: nothing that leaves the Pod Security Standard restricted", async () => {
    const api = await author("author", []);
    await until("the policy counts", async () => (await verdict(api, pod({ hostNetwork: true }))) !== "made");
    for (const [what, spec] of Object.entries(refused)) {
      assert.match(await verdict(api, spec), /who may|its author may/, what);
    }
    for (const [what, spec] of Object.entries(allowed)) assert.equal(await verdict(api, spec), "made", what);
  });

  it("with rights of pods: what such a person could make", async () => {
    const api = await author("maker", [{ apiGroups: [""], resources: ["pods"], verbs: ["create"] }]);
    for (const [what, spec] of Object.entries({ ...refused, ...allowed })) {
      assert.equal(await verdict(api, spec), "made", what);
    }
  });

  it("with the verb use on a service account: that one", async () => {
    const use = { apiGroups: [""], resources: ["serviceaccounts"], resourceNames: ["strong"], verbs: ["use"] };
    const api = await author("user", [use]);
    assert.equal(await verdict(api, { job, serviceAccountName: "strong" }), "made");
    assert.match(await verdict(api, { job, serviceAccountName: "stronger" }), /verb use/);
  });

  it("what somebody else has made stays, and can be changed otherwise", async () => {
    const api = await author("heir", []);
    const makers = admin.api();
    opened.push(makers);
    const { metadata } = await makers.create("StreamJob", streamJob(pod({ hostNetwork: true })));
    const key = { namespace, name: metadata.name };
    await api.patch("StreamJob", key, { spec: { parallelism: 2 } });
    await assert.rejects(
      api.patch("StreamJob", key, { spec: { taskManager: { podTemplate: { spec: { hostPID: true } } } } }),
      /may create pods/,
    );
  });
});
