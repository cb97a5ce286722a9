/** `kubectl streamjob` as a person uses it: kubectl finds it on the PATH, and its kubeconfig says which cluster. No operator runs there. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import type { StoredStreamJobStatus, StreamJob } from "../../crds/index.ts";
import { apiServerPart, kubectlBinary, testBinary, testPart } from "../environment/index.ts";
import { mayList, tokenOf } from "./operator-access.ts";
import { until } from "./until.ts";

const server = await testPart(apiServerPart);
const kubectl = await testBinary(kubectlBinary);
const skip = server.skip === false ? kubectl.skip : server.skip;
const bin = fileURLToPath(new URL("../../bin", import.meta.url));

describe("kubectl streamjob", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), "kubectl-plugin-"));
  let admin: ClusterAdmin;
  let namespace: string;

  before(async () => {
    const { url, ca, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    await admin.installDefinitions();
    namespace = await admin.makeNamespace("plugin");
  });
  after(() => {
    admin.close();
    rmSync(folder, { recursive: true });
  });

  const run = (...words: string[]): Promise<{ code: number; text: string }> =>
    runAs(server.gives().kubeconfigs.admin, ...words);
  const runAs = (kubeconfig: string, ...words: string[]): Promise<{ code: number; text: string }> =>
    new Promise((resolve) => {
      const path = [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter);
      const env = { ...process.env, PATH: path, KUBECONFIG: kubeconfig };
      execFile(kubectl.path(), ["streamjob", ...words], { env }, (error, out, err) =>
        resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, text: out + err }),
      );
    });

  it("applies, shows, compares and deletes StreamJobs of the cluster", async () => {
    const path = join(folder, "wc.yaml");
    const manifest = (parallelism: number): string =>
      JSON.stringify({
        apiVersion: "streamjob.dev/v1alpha1",
        kind: "StreamJob",
        metadata: { name: "wc" },
        spec: { job: { module: "/opt/streamjob/job/job.ts" }, parallelism },
      });
    const place = ["-n", namespace];
    writeFileSync(path, manifest(2));
    const applied = await run("apply", "-f", path, ...place);
    assert.equal(applied.code, 0, applied.text);
    assert.match((await run("get", ...place)).text, /^wc /m);
    assert.match((await run("get", "-A")).text, new RegExp(`${namespace} +wc`));
    const described = await run("describe", "wc", ...place);
    assert.deepEqual([described.code, /Parallelism: +2/.test(described.text)], [0, true], described.text);
    assert.equal((await run("diff", path, ...place)).code, 0);
    writeFileSync(path, manifest(3));
    const differs = await run("diff", path, ...place);
    assert.deepEqual([differs.code, /parallelism/.test(differs.text)], [1, true], differs.text);
    assert.equal((await run("events", ...place)).code, 0);
    const removed = await run("delete", "wc", "--wait", ...place);
    assert.equal(removed.code, 0, removed.text);
    assert.match((await run("get", ...place)).text, /No StreamJobs in namespace/);
  });

  /** A kubeconfig of an account with these rights in the namespace. */
  async function accountWith(name: string, rules: readonly object[]): Promise<string> {
    const metadata = { name, namespace };
    await admin.ask("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata });
    const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
    await admin.ask("POST", `${rbac}/roles`, { metadata, rules });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
    const subjects = [{ kind: "ServiceAccount", name, namespace }];
    await admin.ask("POST", `${rbac}/rolebindings`, { metadata, roleRef, subjects });
    const { url, ca } = server.gives();
    const token = await tokenOf(admin, namespace, name);
    const path = join(folder, `${name}.kubeconfig`);
    const authority = Buffer.from(ca).toString("base64");
    const config = {
      clusters: [{ name: "c", cluster: { server: url, "certificate-authority-data": authority } }],
      users: [{ name: "u", user: { token } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "u", namespace } }],
      "current-context": "c",
    };
    writeFileSync(path, JSON.stringify(config));
    const api = admin.api(token);
    await until("the role to count", () => mayList(api, namespace));
    api.close();
    return path;
  }

  it("shows what the status says to whoever may not forward ports, and says which right is missing", async () => {
    const group = "/apis/streamjob.dev/v1alpha1";
    const of = `${group}/namespaces/${namespace}/streamjobs`;
    const spec = { job: { module: "/opt/streamjob/job/job.ts" } };
    const body = { apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", metadata: { name: "asked" }, spec };
    const created = (await admin.ask("POST", of, body)) as StreamJob;
    const at = "2026-01-01T00:00:00.000Z";
    const status: StoredStreamJobStatus = {
      observedGeneration: 1,
      phase: "Running",
      conditions: [],
      active: {
        incarnation: 1,
        jobId: "0".repeat(32),
        generation: 1,
        revision: "asked-1",
        storeUri: "file:///s/1",
        activationId: "1".repeat(32),
        startedAt: at,
        firstCheckpointAt: at,
        stableAt: null,
        restartsSeen: null,
        ended: null,
      },
      lastCheckpoint: { id: 7, time: at, path: "file:///s/1/chk/7", sizeBytes: 1 },
    };
    await admin.ask("PUT", `${of}/asked/status`, { ...created, status });
    const reading = [
      { apiGroups: ["streamjob.dev"], resources: ["streamjobs"], verbs: ["get", "list"] },
      { apiGroups: ["apps"], resources: ["controllerrevisions"], verbs: ["get", "list"] },
    ];
    const forwarding = { apiGroups: [""], resources: ["pods/portforward"], verbs: ["get", "create"] };
    const viewer = await runAs(await accountWith("viewer", reading), "get");
    assert.equal(viewer.code, 0, viewer.text);
    assert.match(viewer.text, /^asked .* \d+d\? /m);
    const missing = viewer.text.split("\n").filter((line) => line.includes("pods/portforward"));
    assert.equal(missing.length, 1, viewer.text);
    assert.match(missing[0] ?? "", new RegExp(`namespace ${namespace} .*get and create`));
    const forwarder = await accountWith("forwarder", [...reading, forwarding]);
    // It may; there is no such pod, which is no matter of rights.
    const allowed = await runAs(forwarder, "get");
    assert.equal(allowed.code, 0, allowed.text);
    assert.match(allowed.text, /^asked .* \d+d\? /m);
    assert.doesNotMatch(allowed.text, /portforward/);
  });

  it("says what is wrong with the choice of a cluster, and with commands that are not about one", async () => {
    const unknown = await run("get", "--context", "prod");
    assert.deepEqual([unknown.code, /no context "prod"/.test(unknown.text)], [1, true], unknown.text);
    assert.equal((await run("up")).code, 2);
  });
});
