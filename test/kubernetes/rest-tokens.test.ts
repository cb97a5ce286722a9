/**
 * SEC-9: the operator's endpoint for people, with a real API server that reviews tokens and rights: every route of the contract, asked with
 * every kind of token. Behind it a JobManager's REST, whose job is written by hand, by mutual TLS with certificates of the same root.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Agent, request as httpsRequest } from "node:https";
import { after, before, describe, it } from "node:test";
import { type JobId, jobId, type Log, silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { errorsSchema, type RestRoute, restRoutes } from "../../contract/index.ts";
import { startRest as startOperatorRest } from "../../main/operator-rest.ts";
import { openJobAuthority } from "../../operator/certificates/index.ts";
import { fixedCredentials, type HttpKubernetesApi } from "../../operator/kubernetes/client/index.ts";
import { ClusterAdmin } from "../../operator/kubernetes/conformance/index.ts";
import { incarnationJobId } from "../../operator/reconcile/index.ts";
import type { RestServer } from "../../runtime/rest/index.ts";
import { apiServerPart, helm4Binary, testBinary, testPart } from "../environment/index.ts";
import { requestsOf } from "./audit-log.ts";
import { grantAccess, mayList, type OperatorAccess, tokenOf } from "./operator-access.ts";
import { grant, makeAccount, makeStreamJob, mayGet, signedAnew, startJobManager } from "./rest-callers.ts";
import { until } from "./until.ts";

const server = await testPart(apiServerPart);
const helm = await testBinary(helm4Binary);
const skip = [server, helm].find((one) => one.skip !== false)?.skip ?? false;

const AUDIENCE = "streamjob.dev";
const ISSUER = "https://kubernetes.default.svc.cluster.local";
const NAMES = ["streamjob-operator-rest.ops.svc"];
const TRIGGER = "1".repeat(32);

type Line = { readonly message: string; readonly facts: Record<string, unknown> };
type Called = { readonly status: number; readonly text: string };
/** What a caller may do: `nobody` is not even known. */
type Standing = "nobody" | "no right" | "read" | "change" | "both";

describe("SEC-9: the operator's REST endpoint", { skip }, () => {
  let admin: ClusterAdmin;
  let operatorApi: HttpKubernetesApi;
  let access: OperatorAccess;
  let namespace: string;
  let ownNamespace: string;
  let jobManager: RestServer;
  let job: JobId;
  let ca: string;
  const replicas: { readonly port: number; close(): Promise<void> }[] = [];
  const operatorLines: Line[] = [];
  const jobManagerLines: Line[] = [];
  const logTo = (lines: Line[]): Log => ({
    ...silentLog,
    info: (facts, message) => void lines.push({ message, facts: { ...facts } }),
  });
  /** By what it is: the token, and what may be done with it. */
  const callers = new Map<string, { readonly token: string | null; readonly standing: Standing }>();
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });

  const call = (method: string, path: string, token: string | null, replica = 0): Promise<Called> =>
    new Promise((resolve, reject) => {
      const headers = token === null ? {} : { authorization: `Bearer ${token}` };
      const port = replicas[replica]?.port ?? 0;
      const options = { host: "127.0.0.1", port, method, path, headers, ca, servername: NAMES[0] ?? "", agent };
      const outgoing = httpsRequest(options, (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }));
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  const pathOf = ({ path }: RestRoute, name = "wc"): string => {
    const filled = path
      .replace(":jobId", job)
      .replace(":triggerId", TRIGGER)
      .replace(":vertexId", "a".repeat(32))
      .replace(/:\w+/g, "0");
    return `/namespaces/${namespace}/streamjobs/${name}${filled}`;
  };

  before(async () => {
    const { url, ca: apiServerCa, tokens } = server.gives();
    admin = new ClusterAdmin({ url, ca: apiServerCa, token: tokens.admin });
    await admin.installDefinitions();
    namespace = await admin.makeNamespace("jobs");
    ownNamespace = await admin.makeNamespace("operator");
    const values = { rest: { enabled: true } };
    access = await grantAccess(helm.path(), admin, { namespace: ownNamespace, watchNamespaces: [namespace], values });
    const operatorAgent = new Agent({ ca: apiServerCa, keepAlive: true });
    operatorApi = admin.api(access.token);
    await until("the roles count", () => mayList(operatorApi, namespace));
    const rootKey = { namespace: ownNamespace, name: "streamjob-operator-root" };
    const caKey = { namespace: ownNamespace, name: "streamjob-operator-rest-ca" };
    for (const [kind, key] of [
      ["Secret", rootKey],
      ["ConfigMap", caKey],
    ] as const) {
      await until(`${kind} may be read`, () => mayGet(operatorApi, kind, key));
    }
    const authority = await openJobAuthority(operatorApi, rootKey, systemRandom);
    const stored = await makeStreamJob(admin, namespace);
    job = jobId(incarnationJobId(stored, 1));
    jobManager = await startJobManager(authority, { namespace, job, log: logTo(jobManagerLines) });
    const credentials = fixedCredentials(url, access.token, operatorAgent);
    for (let replica = 0; replica < 2; replica++) {
      const settings = { port: 0, audiences: [AUDIENCE], names: NAMES, authority: caKey };
      const connection = { api: operatorApi, baseUrl: url, credentials };
      const log = logTo(operatorLines);
      const addressOf = (): string => `https://127.0.0.1:${jobManager.port}`;
      replicas.push(
        await startOperatorRest(settings, { connection, authority, namespaces: [namespace], log, addressOf }),
      );
    }
    ca = (await operatorApi.get("ConfigMap", caKey))?.data?.["ca.crt"] ?? "";
    await makeCallers();
    const known = [...callers.values()].filter(({ standing }) => ["read", "both"].includes(standing));
    for (const { token } of known) {
      const isServed = async (): Promise<boolean> =>
        (await call("GET", `/namespaces/${namespace}/streamjobs/wc/overview`, token)).status === 200;
      // Roles count in the API server's own time, and a refusal is remembered for ten seconds.
      await until("the reader's role counts", isServed);
    }
  });

  async function makeCallers(): Promise<void> {
    const elsewhere = await admin.makeNamespace("elsewhere");
    for (const name of ["nothing", "reader", "changer", "writer", "of-other-job", "gone"]) {
      await makeAccount(admin, namespace, name);
    }
    await makeAccount(admin, elsewhere, "writer");
    await grant(admin, namespace, { account: "reader", verbs: ["get"] });
    await grant(admin, namespace, { account: "changer", verbs: ["create"] });
    await grant(admin, namespace, { account: "writer", verbs: ["get", "create"] });
    await grant(admin, namespace, { account: "of-other-job", verbs: ["get", "create"], jobs: ["other"] });
    await grant(admin, elsewhere, { account: "writer", verbs: ["get", "create"] });
    const token = (account: string, audiences = [AUDIENCE], where = namespace): Promise<string> =>
      tokenOf(admin, where, account, { audiences });
    const writer = await token("writer");
    const nowS = Math.floor(systemClock.nowMs() / 1000);
    const key = readFileSync(server.gives().files.serviceAccountKey, "utf8");
    const forged = (lifeS: number): string =>
      signedAnew(writer, { iat: nowS - 7200, nbf: nowS - 7200, exp: nowS + lifeS }, key);
    const gone = await token("gone");
    await admin.ask("DELETE", `/api/v1/namespaces/${namespace}/serviceaccounts/gone`);
    const all: readonly (readonly [string, string | null, Standing])[] = [
      ["no token", null, "nobody"],
      ["a wrong token", "right", "nobody"],
      ["a token whose signature was changed", `${writer.slice(0, -8)}AAAAAAAA`, "nobody"],
      ["an expired token", forged(-60), "nobody"],
      ["a token for the API server", await token("writer", [ISSUER]), "nobody"],
      ["a token for another audience", await token("writer", ["somebody.else"]), "nobody"],
      [
        "the API server's administrator, whose token is for the API server alone",
        server.gives().tokens.admin,
        "nobody",
      ],
      ["a token of an account that was deleted", gone, "nobody"],
      ["somebody without a role", await token("nothing"), "no right"],
      ["somebody with a role for another StreamJob", await token("of-other-job"), "no right"],
      ["somebody with a role in another namespace", await token("writer", [AUDIENCE], elsewhere), "no right"],
      ["who may read", await token("reader"), "read"],
      ["who may change and not read", await token("changer"), "change"],
      ["who may both", writer, "both"],
      ["who may both, with one audience of several", await token("writer", ["somebody.else", AUDIENCE]), "both"],
      ["who may both, by a token made as the expired one was", forged(3600), "both"],
    ];
    for (const [who, each, standing] of all) callers.set(who, { token: each, standing });
  }

  after(async () => {
    agent.destroy();
    for (const replica of replicas) await replica.close();
    await jobManager.close();
    operatorApi.close();
    admin.close();
  });

  it("answers every route as the contract and the roles say, for every kind of token", async () => {
    const wanted = (standing: Standing, { access: needs, method }: RestRoute): 401 | 403 | "passed on" => {
      if (standing === "nobody") return 401;
      if (needs === "operator") return 403;
      const isRead = method === "GET";
      return standing === "both" || standing === (isRead ? "read" : "change") ? "passed on" : 403;
    };
    const problems: string[] = [];
    let count = 0;
    for (const [who, { token, standing }] of callers) {
      const strangers = new Set<string>();
      for (const route of restRoutes) {
        const version = count % 3 === 0 ? "/v1" : "";
        const path = pathOf(route).replace("/streamjobs/wc", `/streamjobs/wc${version}`);
        const { status, text } = await call(route.method, path, token, count % 2);
        count++;
        if (status === 401) strangers.add(text);
        const seen = status === 401 || status === 403 ? status : "passed on";
        const isOurs = status < 400 || errorsSchema.safeParse(JSON.parse(text)).success;
        const expected = wanted(standing, route);
        if (seen !== expected || status >= 500 || !isOurs)
          problems.push(`${who}: ${route.method} ${path}: ${status}, not ${expected}: ${text}`);
      }
      if (standing === "nobody") assert.equal(strangers.size, 1, `${who}: it is the same answer everywhere`);
    }
    assert.deepEqual(problems, []);
    assert.equal(count, callers.size * restRoutes.length);
  });

  it("SEC-23: the log of operator and JobManager says who changed something", async () => {
    const { token } = callers.get("who may both") ?? assert.fail();
    const path = `/jobs/${job}/checkpoints`;
    operatorLines.length = 0;
    jobManagerLines.length = 0;
    const { status, text } = await call("POST", `/namespaces/${namespace}/streamjobs/wc${path}`, token);
    assert.equal(status, 202, text);
    const user = `system:serviceaccount:${namespace}:writer`;
    const facts = { method: "POST", path, status: 202, user };
    const message = "a REST request was accepted";
    assert.deepEqual(operatorLines, [{ message, facts: { ...facts, namespace, job: "wc" } }]);
    assert.deepEqual(jobManagerLines, [{ message, facts: { ...facts, caller: "operator" } }]);
  });

  it("says that there is no such StreamJob to those alone who might ask for it", async () => {
    const route = restRoutes[0] ?? assert.fail();
    for (const [who, expected] of [
      ["no token", 401],
      ["who may read", 404],
      ["somebody without a role", 403],
    ] as const) {
      const { token } = callers.get(who) ?? assert.fail();
      assert.equal((await call(route.method, pathOf(route, "missing"), token)).status, expected, who);
    }
  });

  it("a right that was taken away counts no longer after the time that verdicts are remembered", async () => {
    const { token } = callers.get("who may both") ?? assert.fail();
    const path = `/namespaces/${namespace}/streamjobs/wc/overview`;
    await admin.ask("DELETE", `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/writer`);
    await until("it is refused", async () => (await call("GET", path, token)).status === 403);
  });

  it("people find the authority's certificate, with any token of the cluster, and nothing else there", async () => {
    const api = admin.api(await tokenOf(admin, namespace, "nothing"));
    const key = { namespace: ownNamespace, name: "streamjob-operator-rest-ca" };
    await until("everybody may read it", () => mayGet(api, "ConfigMap", key));
    assert.equal((await api.get("ConfigMap", key))?.data?.["ca.crt"], ca);
    await assert.rejects(api.get("Secret", { namespace: ownNamespace, name: "streamjob-operator-root" }), {
      reason: "Forbidden",
    });
    await assert.rejects(api.list("ConfigMap", { namespace: ownNamespace }), { reason: "Forbidden" });
    api.close();
  });

  it("asked for nothing that the chart does not grant, and wrote nothing but its ConfigMap", async () => {
    const asked = await requestsOf(access.user, server.gives().auditLogPath);
    const isReview = ({ resource }: { resource: string }): boolean =>
      /^(tokenreviews|subjectaccessreviews)$/.test(resource);
    assert.ok(asked.some(isReview));
    for (const review of asked.filter(isReview)) assert.equal(review.code, 201);
    const writes = asked.filter(
      ({ verb, resource }) => ["create", "patch", "update"].includes(verb) && !isReview({ resource }),
    );
    assert.deepEqual(
      writes.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`),
      ["create secrets streamjob-operator-root", "patch configmaps streamjob-operator-rest-ca"],
    );
  });
});
