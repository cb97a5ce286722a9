/**
 * What the client and the watch caches do when a real API server, the network before it or the credentials fail. They come as an
 * operator comes in a pod, by a service account's files, to a second API server that dies; the first one is for whoever makes changes
 * meanwhile.
 */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { setEnvironmentVariable, silentLog, sleep, systemClock, systemRandom } from "../../base/index.ts";
import { type ConfigMap, isApiError, type KubernetesApi } from "../../operator/kubernetes/api/index.ts";
import { connectKubernetes, HttpExchanger, type KubernetesConnection } from "../../operator/kubernetes/client/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { WatchCache } from "../../operator/kubernetes/machinery/index.ts";
import {
  changeAuthority,
  secondApiServerPart,
  startServer,
  stopServer,
  TcpRelay,
  testPart,
} from "../environment/index.ts";
import { requestsOf } from "./audit-log.ts";

const second = await testPart(secondApiServerPart, { isOwn: true });

const DEADLINE_MS = 120_000;
const FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1";
const parts = { clock: systemClock, random: systemRandom, log: silentLog };

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = systemClock.monotonicMs() + DEADLINE_MS;
  while (!(await isSo())) {
    assert.ok(systemClock.monotonicMs() < endMs, `not within ${DEADLINE_MS} ms: ${what}`);
    await sleep(systemClock, 20);
  }
}

describe("when a real API server fails", { skip: second.skip }, () => {
  const root = mkdtempSync(join(tmpdir(), "service-account-"));
  let admin: ClusterAdmin;
  let relay: TcpRelay;
  let namespace: string;
  /** Of who makes changes: by the first server. */
  let oracle: KubernetesApi & { close(): void };
  /** As the operator's: by the relay, to the second server. */
  let connection: KubernetesConnection;
  let cache: WatchCache<"ConfigMap">;
  /** Kind of change and name, as the cache told them. */
  let story: string[];
  let count = 0;
  const closers: (() => void | Promise<void>)[] = [];

  /** As a kubelet writes the files of a pod: whole or not at all. */
  const place = (name: string, text: string): void => {
    const folder = join(root, "var/run/secrets/kubernetes.io/serviceaccount");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  };
  const configMap = (name: string, value = "1"): ConfigMap => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace },
    data: { value },
  });
  const key = (name: string) => ({ namespace, name });
  const known = (objects: readonly ConfigMap[]): string =>
    objects
      .map(({ metadata: { name, uid, resourceVersion } }) => `${name} ${uid} ${resourceVersion}`)
      .toSorted()
      .join("\n");
  const cacheKnowsAll = (what: string): Promise<void> =>
    until(what, async () => known(cache.list()) === known((await oracle.list("ConfigMap", { namespace })).items));
  /** A change that the cache hears of. */
  const change = async (): Promise<void> => {
    count += 1;
    await oracle.patch("ConfigMap", key("kept"), { data: { value: `change ${count}` } });
    await cacheKnowsAll(`change ${count}`);
  };
  const lists = async (): Promise<number> => {
    const requests = await requestsOf(`system:serviceaccount:${namespace}:streamjob`, second.gives().auditLogPath);
    return requests.filter(({ verb }) => verb === "list").length;
  };
  /** A token of the service account that ends with a Secret of this name. */
  const makeToken = async (secret: string): Promise<string> => {
    const secrets = `/api/v1/namespaces/${namespace}/secrets`;
    await admin.ask("POST", secrets, { apiVersion: "v1", kind: "Secret", metadata: { name: secret } });
    const boundObjectRef = { apiVersion: "v1", kind: "Secret", name: secret };
    const { status } = (await admin.ask("POST", `/api/v1/namespaces/${namespace}/serviceaccounts/streamjob/token`, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: [], expirationSeconds: 3600, boundObjectRef },
    })) as { readonly status: { readonly token: string } };
    return status.token;
  };
  /** For a new connection, with deadlines that a test can wait for. */
  const connect = async (): Promise<KubernetesConnection> =>
    connectKubernetes({ clock: systemClock, root, requestTimeoutMs: 2000 });
  const startCache = async (): Promise<void> => {
    connection = await connect();
    closers.push(() => connection.close());
    story = [];
    cache = new WatchCache(connection.api, "ConfigMap", { ...parts, namespace, readTimeoutMs: 5000 });
    cache.subscribe(({ kind, object }) => story.push(`${kind} ${object.metadata.name}`));
    closers.push(() => cache.stop());
    cache.start();
    await until("the first list", () => cache.hasSynced);
  };

  before(async () => {
    const { url, ca, tokens } = second.gives().first;
    admin = new ClusterAdmin({ url, ca, token: tokens.admin });
    closers.push(() => admin.close());
    oracle = admin.api();
    closers.push(() => oracle.close());
    namespace = await admin.makeNamespace("faults");
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "streamjob" } };
    await admin.ask("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, account);
    await admin.ask("POST", `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: { name: "streamjob" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [{ kind: "ServiceAccount", name: "streamjob", namespace }],
    });
    relay = await TcpRelay.start(second.gives().url);
    closers.push(() => relay.stop());
    setEnvironmentVariable("KUBECONFIG", "");
    setEnvironmentVariable("KUBERNETES_SERVICE_HOST", "127.0.0.1");
    setEnvironmentVariable("KUBERNETES_SERVICE_PORT", String(relay.port));
    place("ca.crt", ca);
    place("namespace", namespace);
    place("token", await makeToken("first"));
    for (const name of ["kept", "deleted", "made-again"]) await oracle.create("ConfigMap", configMap(name));
    const probe = await connect();
    closers.push(() => probe.close());
    assert.deepEqual([probe.namespace, probe.context], [namespace, "inClusterContext"]);
    await until("the role counts", () =>
      probe.api.list("ConfigMap", { namespace }).then(
        () => true,
        (error: unknown) => {
          if (isApiError(error, "Forbidden")) return false;
          throw error;
        },
      ),
    );
    await startCache();
    await cacheKnowsAll("all that there is");
  });

  after(async () => {
    for (const close of closers.toReversed()) await close();
    rmSync(root, { recursive: true });
  });

  it("a watch that is cut goes on from where it was, without a list", async () => {
    const before = await lists();
    for (let cut = 0; cut < 3; cut++) {
      relay.cut();
      await change();
    }
    assert.equal(await lists(), before);
    assert.equal(cache.figures().lists, 1);
  });

  it("a connection that has gone silent is given up, and what happened meanwhile is found (LW3, HX3)", async () => {
    // Idle connections too, which must not be taken for good ones.
    await Promise.all([1, 2, 3].map(() => connection.api.get("ConfigMap", key("kept"))));
    relay.silence();
    await change();
    await until("a call", () =>
      connection.api.get("ConfigMap", key("kept")).then(
        () => true,
        () => false,
      ),
    );
  });

  it("429 says how long to wait, and a cache that has to fight for its turn loses nothing (priority and fairness)", async () => {
    const level = `streamjob-test-${systemRandom.hex(4)}`;
    const rules = [
      {
        subjects: [{ kind: "ServiceAccount", serviceAccount: { name: "streamjob", namespace } }],
        resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"] }],
      },
    ];
    await admin.ask("POST", `${FLOW}/prioritylevelconfigurations`, {
      apiVersion: "flowcontrol.apiserver.k8s.io/v1",
      kind: "PriorityLevelConfiguration",
      metadata: { name: level },
      // Nobody gets through.
      spec: {
        type: "Limited",
        limited: {
          nominalConcurrencyShares: 0,
          lendablePercent: 0,
          borrowingLimitPercent: 0,
          limitResponse: { type: "Reject" },
        },
      },
    });
    await admin.ask("POST", `${FLOW}/flowschemas`, {
      apiVersion: "flowcontrol.apiserver.k8s.io/v1",
      kind: "FlowSchema",
      metadata: { name: level },
      spec: { matchingPrecedence: 2, priorityLevelConfiguration: { name: level }, rules },
    });
    // One at a time always gets through: as many are refused as come beside it.
    const refusals: unknown[] = [];
    const ask = (): Promise<void> =>
      connection.api.get("ConfigMap", key("kept")).then(
        () => {},
        (error: unknown) => void refusals.push(error),
      );
    await until("a call that is refused", async () => {
      await Promise.all(Array.from({ length: 20 }, ask));
      return refusals.length > 0;
    });
    for (const refusal of refusals) {
      assert.ok(isApiError(refusal, "TooManyRequests"), String(refusal));
      assert.equal(refusal.retryAfterMs, 1000);
    }
    let isOver = false;
    const others = (async () => {
      while (!isOver) await Promise.all(Array.from({ length: 20 }, ask));
    })();
    for (let cut = 0; cut < 3; cut++) {
      relay.cut();
      await change();
    }
    isOver = true;
    await others;
    await admin.ask("DELETE", `${FLOW}/flowschemas/${level}`);
    await admin.ask("DELETE", `${FLOW}/prioritylevelconfigurations/${level}`);
  });

  it("an expired token is refused, and a new one in the same file counts at once", async () => {
    const next = await makeToken("second");
    // A token that is bound to an object ends with it.
    await admin.ask("DELETE", `/api/v1/namespaces/${namespace}/secrets/first`);
    const isRefused = (): Promise<boolean> =>
      connection.api.get("ConfigMap", key("kept")).then(
        () => false,
        (error: unknown) => isApiError(error, "Unauthorized"),
      );
    await until("the token counts no more", isRefused);
    const before = cache.figures().failures;
    relay.cut();
    await until("the cache is refused, too", () => cache.figures().failures > before);
    await oracle.patch("ConfigMap", key("kept"), { data: { value: "while the token has expired" } });
    place("token", next);
    assert.equal((await connection.api.get("ConfigMap", key("kept")))?.data?.["value"], "while the token has expired");
    await cacheKnowsAll("what happened meanwhile");
  });

  it("a server that dies loses nothing: what was changed, deleted and made again meanwhile is found, with one list (410)", async () => {
    story.length = 0;
    const { uid } = (await oracle.get("ConfigMap", key("made-again")))?.metadata ?? {};
    const before = cache.figures();
    await stopServer(second.running(), "SIGKILL");
    await oracle.create("ConfigMap", configMap("new"));
    await oracle.patch("ConfigMap", key("kept"), { data: { value: "while it was dead" } });
    await oracle.delete("ConfigMap", key("deleted"));
    await oracle.delete("ConfigMap", key("made-again"));
    await oracle.create("ConfigMap", configMap("made-again", "another"));
    await until("the cache has noticed", () => cache.figures().failures > before.failures);
    // What was before is history that etcd has no more.
    const { resourceVersion } = await oracle.list("ConfigMap", { namespace });
    const compaction = await fetch(`${second.gives().etcdUrl}/v3/kv/compaction`, {
      method: "POST",
      body: JSON.stringify({ revision: resourceVersion, physical: true }),
    });
    assert.equal(compaction.status, 200, await compaction.text());
    await startServer(second.running());
    await until("it serves again", () =>
      secondApiServerPart.check(second.gives()).then(
        () => true,
        () => false,
      ),
    );
    const servedBefore = await lists();
    await cacheKnowsAll("all of it");
    const again = cache.get(key("made-again"));
    assert.ok(again !== null && again.metadata.uid !== uid);
    assert.deepEqual(story.toSorted(), [
      "added made-again",
      "added new",
      "deleted deleted",
      "deleted made-again",
      "updated kept",
    ]);
    await change();
    assert.ok((await lists()) - servedBefore <= 2, `${(await lists()) - servedBefore} lists`);
    const ended = await connection.api.watch(
      "ConfigMap",
      { namespace, resourceVersion: "1", signal: AbortSignal.timeout(DEADLINE_MS) },
      () => {},
    );
    assert.equal(ended.kind, "gone");
  });

  it("a client certificate that is replaced counts from the next request on, and tls-server-name names the server", async () => {
    const { kubeconfigs, ca } = second.gives().first;
    const dataOf = (user: "admin" | "operator"): Readonly<Record<string, string>> => {
      const { users } = parse(readFileSync(kubeconfigs[user], "utf8")) as {
        readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
      };
      return users[0]?.user ?? {};
    };
    const become = (user: "admin" | "operator"): void => {
      for (const what of ["certificate", "key"]) {
        writeFileSync(join(root, `client-${what}`), Buffer.from(dataOf(user)[`client-${what}-data`] ?? "", "base64"));
      }
    };
    const kubeconfig = join(root, "kubeconfig");
    const cluster = { server: `https://127.0.0.1:${relay.port}`, "certificate-authority-data": btoa(ca) };
    const config = (serverName: string) => ({
      clusters: [{ name: "c", cluster: { ...cluster, "tls-server-name": serverName } }],
      users: [{ name: "u", user: { "client-certificate": "client-certificate", "client-key": "client-key" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    });
    become("admin");
    writeFileSync(kubeconfig, JSON.stringify(config("kubernetes.default.svc")));
    const { baseUrl, credentials, close } = await connectKubernetes({ clock: systemClock, kubeconfig });
    closers.push(close);
    const exchanger = new HttpExchanger({
      baseUrl,
      credentials,
      clock: systemClock,
      userAgent: "test",
      timeoutMs: 60_000,
    });
    const whoAmI = async (): Promise<string> => {
      const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
      const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
      const answer = await exchanger.exchange({ method: "POST", path, body });
      const review = JSON.parse(answer.body) as {
        readonly status: { readonly userInfo: { readonly username: string } };
      };
      return review.status.userInfo.username;
    };
    assert.equal(await whoAmI(), "admin");
    become("operator");
    assert.equal(await whoAmI(), "operator");
    writeFileSync(kubeconfig, JSON.stringify(config("another.example")));
    await assert.rejects(
      whoAmI(),
      (error) => isApiError(error, "Unavailable") && error.message.includes("another.example"),
    );
  });

  it("an authority that is replaced counts from the next connection on", async () => {
    const authority = await changeAuthority(second.gives());
    // A new one each time: one that was let in once comes in again by its TLS session, whatever the certificate is by now.
    let fresh = await connect();
    closers.push(() => fresh.close());
    const isUntrusted = async (): Promise<boolean> => {
      fresh.close();
      fresh = await connect();
      return fresh.api.get("ConfigMap", key("kept")).then(
        () => false,
        (error: unknown) => isApiError(error, "Unavailable") && /certificate|self-signed/.test(error.message),
      );
    };
    await until("the server has the certificate that nobody knows", isUntrusted);
    await oracle.patch("ConfigMap", key("kept"), { data: { value: "while nobody trusts it" } });
    place("ca.crt", authority);
    assert.equal((await fresh.api.get("ConfigMap", key("kept")))?.data?.["value"], "while nobody trusts it");
    relay.cut();
    await cacheKnowsAll("what happened meanwhile");
  });
});
