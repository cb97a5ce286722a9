import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { describe, it } from "node:test";
import { nextTurn, systemClock, systemRandom } from "../../base/index.ts";
import { type ConfigMap, managedFieldsOf, type Pod } from "../../operator/kubernetes/api/index.ts";
import { HttpKubernetesApi } from "../../operator/kubernetes/client/index.ts";
import { type HttpServer, serveHttp } from "./http-server.ts";
import { type LocalApiServer, openLocalApiServer } from "./local-api-server.ts";

const parts = { clock: systemClock, random: systemRandom };
const token = "a-token";
const base = "/api/v1/namespaces/test/configmaps";

type Opened = {
  readonly server: LocalApiServer;
  readonly http: HttpServer;
  request(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ code: number; body: any; headers: Headers }>;
};

async function within(check: (opened: Opened) => Promise<void>): Promise<void> {
  const server = await openLocalApiServer(parts);
  const http = await serveHttp({ ...parts, api: server, token });
  const request: Opened["request"] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${http.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { code: response.status, body: text.startsWith("{") ? JSON.parse(text) : text, headers: response.headers };
  };
  try {
    await check({ server, http, request });
  } finally {
    await http.close();
    await server.close();
  }
}

const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "test" },
  data,
});

describe("the HTTP face of the embedded API server", () => {
  it("serves nobody without the token, but says that it is ready (HS1)", () =>
    within(async ({ http, request }) => {
      assert.equal((await request("GET", "/readyz", undefined, { Authorization: "" })).body, "ok");
      for (const authorization of ["", "Bearer wrong", "Bearer a-tokem", `Basic ${token}`]) {
        const { code, body } = await request("GET", base, undefined, { Authorization: authorization });
        assert.equal(code, 401);
        assert.deepEqual([body.kind, body.reason], ["Status", "Unauthorized"]);
      }
      assert.match(http.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    }));

  it("answers with the codes and Status objects of Kubernetes", () =>
    within(async ({ request }) => {
      assert.equal((await request("POST", base, configMap("a", { k: "1" }))).code, 201);
      assert.equal((await request("GET", `${base}/a`)).body.data.k, "1");
      const missing = await request("GET", `${base}/b`);
      assert.deepEqual([missing.code, missing.body.reason, missing.body.details.name], [404, "NotFound", "b"]);
      const twice = await request("POST", base, configMap("a"));
      assert.deepEqual([twice.code, twice.body.reason], [409, "AlreadyExists"]);
      const invalid = await request("POST", base, configMap("UPPER"));
      assert.deepEqual(
        [invalid.code, invalid.body.reason, invalid.body.details.causes[0].field],
        [422, "Invalid", "metadata.name"],
      );
      assert.equal((await request("GET", "/api/v1/namespaces/test/nodes")).code, 404);
      assert.equal((await request("PUT", base, configMap("a"))).code, 405);
      assert.equal((await request("POST", base, "{")).code, 400);
      assert.equal((await request("POST", base, "x".repeat(4 * 1024 * 1024))).code, 400);
      const gone = await request("GET", `${base}?limit=1&continue=eyJpbnN0YW5jZSI6IngiLCJsaXN0IjoxLCJmcm9tIjoxfQ`);
      assert.deepEqual([gone.code, gone.body.reason], [410, "Expired"]);
      const deleted = await request("DELETE", `${base}/a`);
      assert.deepEqual([deleted.code, deleted.body.status], [200, "Success"]);
    }));

  it("refuses what is no URL, is nested too deep or reaches for a prototype, before anything looks at it (HS4)", () =>
    within(async ({ http, server, request }) => {
      const port = Number(new URL(http.url).port);
      const answer = await new Promise<string>((resolve) => {
        const socket = createConnection({ host: "127.0.0.1", port }, () =>
          socket.end("GET // HTTP/1.1\r\nHost: a\r\n\r\n"),
        );
        socket.once("data", (piece: Buffer) => resolve(piece.toString()));
      });
      assert.match(answer, /^HTTP\/1\.1 400 /);
      const deep = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
      const proto = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"__proto__":{"x":"1"}}}}`;
      for (const [body, says] of [
        [deep, /nested deeper/],
        [proto, /__proto__/],
      ] as const) {
        const refused = await request("POST", base, body);
        assert.equal(refused.code, 400);
        assert.match(refused.body.message, says);
      }
      assert.deepEqual((await server.list("ConfigMap")).items, []);
    }));

  it("lists as a list of its kind", () =>
    within(async ({ server, request }) => {
      for (const name of ["a", "b"])
        await server.create("ConfigMap", {
          ...configMap(name),
          metadata: { name, namespace: "test", labels: { x: name } },
        });
      const { body } = await request("GET", `${base}?labelSelector=x%3Da`);
      assert.equal(body.kind, "ConfigMapList");
      assert.deepEqual(
        body.items.map((item: ConfigMap) => item.metadata.name),
        ["a"],
      );
      const all = await request("GET", "/api/v1/configmaps?limit=1");
      assert.equal(all.body.items.length, 1);
      assert.notEqual(all.body.metadata.continue, undefined);
    }));

  it("refuses what it does not understand instead of leaving it out (HS3)", () =>
    within(async ({ server, request }) => {
      await server.create("ConfigMap", configMap("a"));
      for (const path of [
        `${base}?labelSelector=x%20in%20(a)`,
        `${base}?labelSelector=x`,
        `${base}?fieldSelector=metadata.name%3Da`,
        `${base}?limit=-1`,
      ]) {
        assert.equal((await request("GET", path)).code, 400, path);
      }
      assert.equal((await request("DELETE", `${base}/a?dryRun=All`)).code, 400);
      assert.equal((await request("DELETE", `${base}/a?propagationPolicy=Sideways`)).code, 400);
      assert.equal((await request("DELETE", base)).code, 405);
      assert.notEqual(await server.get("ConfigMap", { namespace: "test", name: "a" }), null);
      const json = await request("PATCH", `${base}/a`, "[]", { "Content-Type": "application/json-patch+json" });
      assert.deepEqual([json.code, json.body.reason], [415, "UnsupportedMediaType"]);
    }));

  it("refuses an object that is not the one of its path", () =>
    within(async ({ server, request }) => {
      await server.create("ConfigMap", configMap("a"));
      assert.equal((await request("PUT", `${base}/a`, configMap("b"))).code, 400);
      assert.equal((await request("POST", "/api/v1/namespaces/other/configmaps", configMap("c"))).code, 400);
      const without = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c" } };
      assert.equal((await request("POST", base, without)).body.metadata.namespace, "test");
    }));

  it("applies YAML, by the manager of the query, and does not force unless told to", () =>
    within(async ({ request }) => {
      const yaml = (k: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: "${k}"\n`;
      const type = { "Content-Type": "application/apply-patch+yaml" };
      const first = await request("PATCH", `${base}/a?fieldManager=me`, yaml("1"), type);
      assert.equal(first.code, 201);
      assert.deepEqual(
        managedFieldsOf(first.body).map(({ manager }) => manager),
        ["me"],
      );
      const conflict = await request("PATCH", `${base}/a?fieldManager=you`, yaml("2"), type);
      assert.deepEqual(
        [conflict.code, conflict.body.reason, conflict.body.details.causes[0].field],
        [409, "Conflict", ".data.k"],
      );
      const forced = await request("PATCH", `${base}/a?fieldManager=you&force=true`, yaml("2"), type);
      assert.deepEqual([forced.code, forced.body.data.k], [200, "2"]);
      assert.equal((await request("PATCH", `${base}/a`, yaml("2"), type)).code, 400);
    }));

  it("tells of unknown fields when it is asked to", () =>
    within(async ({ request }) => {
      const path = "/apis/streamjob.dev/v1alpha1/namespaces/test/streamjobs";
      const job = {
        apiVersion: "streamjob.dev/v1alpha1",
        kind: "StreamJob",
        metadata: { name: "wc" },
        spec: { job: { module: "/a.ts" }, paralelism: 2 },
      };
      const strict = await request("POST", `${path}?fieldValidation=Strict`, job);
      assert.equal(strict.code, 400);
      assert.match(strict.body.message, /unknown field "spec\.paralelism"/);
      const warned = await request("POST", `${path}?fieldValidation=Warn`, job);
      assert.equal(warned.code, 201);
      assert.match(warned.headers.get("warning") ?? "", /spec\.paralelism/);
    }));

  it("names the writer by its User-Agent when no manager is given", () =>
    within(async ({ request }) => {
      const { body } = await request("POST", base, configMap("a", { k: "1" }), {
        "User-Agent": "some-tool/1.2 (linux)",
      });
      assert.deepEqual(
        managedFieldsOf(body).map(({ manager }) => manager),
        ["some-tool"],
      );
    }));

  it("serves the logs of pods as text", () =>
    within(async ({ server, request }) => {
      const pod: Pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "p", namespace: "test" },
        spec: { containers: [{ name: "c", image: "i" }] },
      };
      await server.create("Pod", pod);
      server.serveLogs(async (_pod, options) => JSON.stringify(options).replace("{", "("));
      const { body } = await request("GET", "/api/v1/namespaces/test/pods/p/log?tailLines=5&container=c&previous=true");
      assert.equal(body, '("container":"c","tailLines":5,"previous":true}');
      assert.equal((await request("GET", "/api/v1/namespaces/test/pods/q/log")).code, 404);
    }));

  it("streams a watch, ends it in time, and says when it is gone", () =>
    within(async ({ server, request }) => {
      await server.create("ConfigMap", configMap("a"));
      const timed = await request("GET", `${base}?watch=1&resourceVersion=0&timeoutSeconds=0`);
      assert.equal(timed.code, 200);
      server.compactHistory();
      const gone = await request("GET", `${base}?watch=true&resourceVersion=1`);
      assert.deepEqual([gone.code, gone.body.type, gone.body.object.code], [200, "ERROR", 410]);
    }));

  it("cuts a watcher that does not read, and no other (HS2)", () =>
    within(async ({ server, http }) => {
      const { resourceVersion } = await server.list("ConfigMap");
      const port = Number(new URL(http.url).port);
      const socket = createConnection(port, "127.0.0.1");
      const isCut = new Promise<void>((resolve) => socket.once("close", () => resolve()));
      socket.on("error", () => {});
      socket.write(
        `GET ${base}?watch=1&resourceVersion=${resourceVersion} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`,
      );
      await new Promise((resolve) => socket.once("readable", resolve));
      const other = new HttpKubernetesApi({ ...parts, baseUrl: http.url, token });
      const stopping = new AbortController();
      let heard = 0;
      const ended = other.watch("ConfigMap", { resourceVersion, signal: stopping.signal }, ({ type }) => {
        if (type !== "BOOKMARK") heard++;
      });
      let isEnded = false;
      void ended.then(() => (isEnded = true));
      const big = "x".repeat(900_000);
      await server.create("ConfigMap", configMap("big"));
      for (let index = 0; index < 60; index++) {
        // The other one keeps up, however slow the machine is.
        while (heard < index + 1 && !isEnded) await nextTurn();
        await server.patch("ConfigMap", { namespace: "test", name: "big" }, { data: { k: `${index}${big}` } });
      }
      socket.resume();
      await isCut;
      while (heard < 61 && !isEnded) await nextTurn();
      assert.equal(heard, 61);
      stopping.abort();
      assert.deepEqual(await ended, { kind: "closed" });
      other.close();
    }));
});
