import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { describe, it } from "node:test";
import { systemClock } from "../../../base/index.ts";
import {
  type ApiErrorReason,
  type ConfigMap,
  formatApiPath,
  isApiError,
  type Kind,
  parseApiPath,
  resources,
  type WatchEvent,
} from "../api/index.ts";
import { HttpKubernetesApi, type HttpKubernetesApiOptions } from "./http-api.ts";

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;
const key = { namespace: "test", name: "a" };
const configMap: ConfigMap = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "test" },
  data: { k: "1" },
};

/** A server that answers as the test says: what real servers and proxies do is on the wire, not in our own code. */
async function against(
  handle: Handler,
  check: (api: HttpKubernetesApi, requests: string[]) => Promise<void>,
  options: Partial<HttpKubernetesApiOptions> = {},
): Promise<void> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      requests.push(`${request.method} ${request.url} ${request.headers["content-type"] ?? "-"} ${body}`);
      handle(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const api = new HttpKubernetesApi({
    baseUrl: `http://127.0.0.1:${port}`,
    clock: systemClock,
    token: "t",
    ...options,
  });
  try {
    await check(api, requests);
  } finally {
    api.close();
    server.close();
    server.closeAllConnections();
  }
}

const answering =
  (code: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    void response.writeHead(code, headers).end(typeof body === "string" ? body : JSON.stringify(body));

const status = (code: number, reason: string, more: object = {}): object => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: `it was ${reason}`,
  reason,
  code,
  ...more,
});

async function reasonOf(call: Promise<unknown>): Promise<ApiErrorReason | "accepted"> {
  return call.then(
    () => "accepted",
    (error: unknown) => {
      assert.ok(isApiError(error), String(error));
      return error.reason;
    },
  );
}

describe("paths of the API", () => {
  it("are Kubernetes' own, and are read as they are written", () => {
    assert.equal(
      formatApiPath({ kind: "Pod", namespace: "a", name: "b", subresource: "log" }),
      "/api/v1/namespaces/a/pods/b/log",
    );
    assert.equal(
      formatApiPath({ kind: "StreamJob", namespace: "a", name: "b", subresource: "status" }),
      "/apis/streamjob.dev/v1alpha1/namespaces/a/streamjobs/b/status",
    );
    assert.equal(
      formatApiPath({ kind: "Lease", namespace: null, name: null, subresource: null }),
      "/apis/coordination.k8s.io/v1/leases",
    );
    for (const kind of Object.keys(resources) as Kind[]) {
      for (const path of [
        { kind, namespace: null, name: null, subresource: null },
        { kind, namespace: "a", name: null, subresource: null },
        { kind, namespace: "a", name: "b.c", subresource: null },
        { kind, namespace: "a", name: "b", subresource: "status" as const },
      ]) {
        assert.deepEqual(parseApiPath(formatApiPath(path)), path);
      }
    }
    for (const path of [
      "/",
      "/api",
      "/api/v1/nodes",
      "/api/v1/pods/x",
      "/apis/apps/v1/pods",
      "/api/v1/namespaces/a/pods/b/exec",
      "/api/v1/namespaces/%/pods",
    ]) {
      assert.equal(parseApiPath(path), null, path);
    }
  });
});

describe("the API over HTTP", () => {
  it("asks with Kubernetes' paths, queries and content types (HA1)", () =>
    against(answering(200, configMap), async (api, requests) => {
      await api.get("ConfigMap", key);
      await api.create("ConfigMap", configMap);
      await api.update("ConfigMap", configMap);
      await api.patch("ConfigMap", key, { data: { k: null } });
      await api.patch("Pod", key, { status: { phase: "Running" } }, { subresource: "status" });
      await api.apply("ConfigMap", configMap, { fieldManager: "me" });
      await api.apply("ConfigMap", configMap, { fieldManager: "me", force: false });
      await api.delete("ConfigMap", key, { uid: "u", gracePeriodSeconds: 0 });
      await api.logs(key, { tailLines: 5 });
      const path = "/api/v1/namespaces/test/configmaps";
      const body = JSON.stringify(configMap);
      assert.deepEqual(requests, [
        `GET ${path}/a - `,
        `POST ${path}?fieldManager=streamjob application/json ${body}`,
        `PUT ${path}/a?fieldManager=streamjob application/json ${body}`,
        `PATCH ${path}/a?fieldManager=streamjob application/merge-patch+json {"data":{"k":null}}`,
        'PATCH /api/v1/namespaces/test/pods/a/status?fieldManager=streamjob application/merge-patch+json {"status":{"phase":"Running"}}',
        `PATCH ${path}/a?fieldManager=me&force=true application/apply-patch+yaml ${body}`,
        `PATCH ${path}/a?fieldManager=me&force=false application/apply-patch+yaml ${body}`,
        `DELETE ${path}/a application/json {"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background","preconditions":{"uid":"u"},"gracePeriodSeconds":0}`,
        "GET /api/v1/namespaces/test/pods/a/log?tailLines=5 - ",
      ]);
    }));

  it("takes an object as not there only when the server says so of this object (HA2)", async () => {
    const ofObject = status(404, "NotFound", { details: { name: "a", kind: "configmaps" } });
    await against(answering(404, ofObject), async (api) => assert.equal(await api.get("ConfigMap", key), null));
    const others = [
      "404 page not found",
      status(404, "NotFound"),
      status(404, "NotFound", { details: { name: "test", kind: "namespaces" } }),
    ];
    for (const body of others) {
      await against(answering(404, body), async (api) => {
        assert.equal(await reasonOf(api.get("ConfigMap", key)), "NotFound");
        assert.equal(await reasonOf(api.list("ConfigMap")), "NotFound");
      });
    }
  });

  it("reads the reason of a failure from the Status, else from the code (APS1)", async () => {
    const table: readonly (readonly [number, unknown, ApiErrorReason])[] = [
      [409, status(409, "AlreadyExists"), "AlreadyExists"],
      [409, status(409, "Conflict"), "Conflict"],
      [409, "conflict", "Conflict"],
      [410, status(410, "Expired"), "Gone"],
      [422, status(422, "Invalid"), "Invalid"],
      [400, status(400, "BadRequest"), "BadRequest"],
      [401, status(401, "Unauthorized"), "Unauthorized"],
      [401, "who are you", "Unauthorized"],
      [403, status(403, "Forbidden"), "Forbidden"],
      [429, status(429, "TooManyRequests"), "TooManyRequests"],
      [500, status(500, "InternalError"), "Unavailable"],
      [500, status(500, "ServerTimeout"), "Timeout"],
      [502, "<html>bad gateway</html>", "Unavailable"],
      [503, status(503, "ServiceUnavailable"), "Unavailable"],
      [504, status(504, "Timeout"), "Timeout"],
      [413, status(413, "RequestEntityTooLarge"), "BadRequest"],
      [302, "", "Unavailable"],
      [200, "<html>log in here</html>", "Unavailable"],
    ];
    for (const [code, body, reason] of table) {
      await against(answering(code, body), async (api) =>
        assert.equal(await reasonOf(api.create("ConfigMap", configMap)), reason, `${code} ${JSON.stringify(body)}`),
      );
    }
  });

  it("hands on what a failure says: fields at fault, and how long to wait", async () => {
    const causes = [{ reason: "FieldValueInvalid", message: "Invalid value", field: "spec.x" }];
    await against(answering(422, status(422, "Invalid", { details: { causes } })), async (api) => {
      await assert.rejects(
        api.create("ConfigMap", configMap),
        (error) => isApiError(error) && error.causes[0]?.field === "spec.x" && error.message === "it was Invalid",
      );
    });
    await against(answering(429, "slow down", { "Retry-After": "7" }), async (api) => {
      await assert.rejects(
        api.create("ConfigMap", configMap),
        (error) => isApiError(error, "TooManyRequests") && error.retryAfterMs === 7000,
      );
    });
  });

  it("is Unavailable when nobody listens, or the connection breaks before the answer (HX1)", async () => {
    const dead = new HttpKubernetesApi({ baseUrl: "http://127.0.0.1:1", clock: systemClock });
    assert.equal(await reasonOf(dead.create("ConfigMap", configMap)), "Unavailable");
    const signal = new AbortController().signal;
    const ended = await dead.watch("ConfigMap", { resourceVersion: "1", signal }, () => {});
    assert.ok(ended.kind === "failed" && isApiError(ended.error, "Unavailable"));
    dead.close();
    await against(
      (request) => void request.socket.destroy(),
      async (api) => assert.equal(await reasonOf(api.patch("ConfigMap", key, {})), "Unavailable"),
    );
    const cutShort: Handler = (request, response) => {
      response.writeHead(200, { "Content-Length": "1000" }).write("{");
      setImmediate(() => request.socket.destroy());
    };
    await against(cutShort, async (api) =>
      assert.equal(await reasonOf(api.patch("ConfigMap", key, {})), "Unavailable"),
    );
  });

  it("sends a write once, whatever happens to it (KA2)", async () => {
    const handle: Handler = (request, response) => {
      if (request.method === "GET") answering(200, configMap)(request, response, "");
      else request.socket.destroy();
    };
    await against(handle, async (api, requests) => {
      await api.get("ConfigMap", key);
      assert.equal(await reasonOf(api.create("ConfigMap", configMap)), "Unavailable");
      assert.equal(requests.filter((each) => each.startsWith("POST")).length, 1);
    });
  });

  it("reads again when a kept connection turns out to be closed", async () => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections++;
      const isFirst = connections === 1;
      socket.once("data", () => {
        const body = JSON.stringify(configMap);
        socket.write(
          `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        // As a server does that closes idle connections just when the next request comes.
        if (isFirst) socket.once("data", () => socket.destroy());
      });
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const api = new HttpKubernetesApi({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      clock: systemClock,
    });
    assert.deepEqual(await api.get("ConfigMap", key), configMap);
    assert.deepEqual(await api.get("ConfigMap", key), configMap);
    assert.equal(connections, 2);
    api.close();
    server.close();
  });

  it("is a Timeout when no answer comes, or it does not end (HX1)", async () => {
    const options = { requestTimeoutMs: 50 };
    await against(
      () => {},
      async (api) => assert.equal(await reasonOf(api.patch("ConfigMap", key, {})), "Timeout"),
      options,
    );
    await against(
      (_request, response) => void response.writeHead(200).write("{"),
      async (api) => assert.equal(await reasonOf(api.list("ConfigMap")), "Timeout"),
      options,
    );
    await against(
      () => {},
      async (api) => {
        const ended = await api.watch(
          "ConfigMap",
          { resourceVersion: "1", signal: new AbortController().signal },
          () => {},
        );
        assert.ok(ended.kind === "failed" && isApiError(ended.error, "Timeout"));
      },
      options,
    );
  });

  it("uses no idle connection after a Timeout (HX3)", async () => {
    let connections = 0;
    let isSilent = false;
    const answered = JSON.stringify(configMap);
    // As after a network that was lost: what was open stays open and brings nothing; what is opened is good.
    const server = createTcpServer((socket) => {
      connections++;
      const isOld = connections <= 3;
      socket.on("error", () => {});
      socket.on("data", () => {
        if (isSilent && isOld) return;
        const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${answered.length}\r\n\r\n`;
        // At first all are asked at once, so that there are three.
        if (connections >= 3) socket.write(head + answered);
        else waiting.push(() => socket.write(head + answered));
        if (connections === 3) for (const answer of waiting.splice(0)) answer();
      });
    });
    const waiting: (() => void)[] = [];
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const api = new HttpKubernetesApi({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      clock: systemClock,
      requestTimeoutMs: 500,
    });
    try {
      await Promise.all([1, 2, 3].map(() => api.get("ConfigMap", key)));
      assert.equal(connections, 3);
      isSilent = true;
      assert.equal(await reasonOf(api.patch("ConfigMap", key, {})), "Timeout");
      assert.deepEqual(await api.get("ConfigMap", key), configMap);
      assert.equal(connections, 4);
    } finally {
      api.close();
      server.close();
    }
  });

  it("ends with its signal's reason while it waits (HX2)", () =>
    against(
      () => {},
      async (api) => {
        const stopping = new AbortController();
        const reason = new Error("enough");
        const call = api.patch("ConfigMap", key, {}, { signal: stopping.signal });
        setImmediate(() => stopping.abort(reason));
        await assert.rejects(call, reason);
      },
    ));

  it("gives objects of a list their kind, which real servers leave out (HA4)", () =>
    against(
      answering(200, {
        kind: "ConfigMapList",
        metadata: { resourceVersion: "5", continue: "" },
        items: [{ metadata: { name: "a" } }],
      }),
      async (api) => {
        const page = await api.list("ConfigMap", { namespace: "test", labels: { a: "b", c: "d" }, limit: 10 });
        assert.deepEqual(page, {
          items: [{ metadata: { name: "a" }, apiVersion: "v1", kind: "ConfigMap" }],
          resourceVersion: "5",
          continue: null,
        });
      },
    ));

  it("refuses an empty name: its path would be that of all objects", () =>
    against(answering(200, {}), async (api, requests) => {
      assert.equal(await reasonOf(api.delete("ConfigMap", { namespace: "test", name: "" })), "BadRequest");
      assert.deepEqual(requests, []);
    }));
});

describe("a watch over HTTP", () => {
  const event = (type: string, object: object = configMap): string => `${JSON.stringify({ type, object })}\n`;
  const streaming =
    (...chunks: readonly (string | Buffer)[]): Handler =>
    (_request, response) => {
      response.writeHead(200);
      for (const chunk of chunks) response.write(chunk);
      response.end();
    };

  async function watchOf(handle: Handler, options: Partial<HttpKubernetesApiOptions> = {}) {
    const events: WatchEvent<"ConfigMap">[] = [];
    const result: { ended?: Awaited<ReturnType<HttpKubernetesApi["watch"]>>; requests: string[] } = { requests: [] };
    await against(
      handle,
      async (api, requests) => {
        const signal = new AbortController().signal;
        result.ended = await api.watch(
          "ConfigMap",
          { namespace: "test", labels: { x: "1" }, resourceVersion: "7", signal },
          (each) => events.push(each),
        );
        result.requests = requests;
      },
      options,
    );
    return { events, ended: result.ended, requests: result.requests };
  }

  it("asks for bookmarks and an end in time", async () => {
    const { ended, requests } = await watchOf(streaming(), { watchTimeoutMs: 60_000 });
    assert.deepEqual(ended, { kind: "closed" });
    assert.deepEqual(requests, [
      "GET /api/v1/namespaces/test/configmaps?watch=1&resourceVersion=7&allowWatchBookmarks=true&timeoutSeconds=60&labelSelector=x%3D1 - ",
    ]);
  });

  it("reads events however they are cut into chunks", async () => {
    const bytes = Buffer.from(
      event("ADDED", { ...configMap, data: { k: "äöü€" } }) + event("BOOKMARK", { metadata: { resourceVersion: "9" } }),
    );
    for (const at of [1, 30, bytes.indexOf("€") + 1, bytes.length - 1]) {
      const { events } = await watchOf(streaming(bytes.subarray(0, at), bytes.subarray(at)));
      assert.deepEqual(events, [
        { type: "ADDED", object: { ...configMap, data: { k: "äöü€" } } },
        { type: "BOOKMARK", resourceVersion: "9" },
      ]);
    }
  });

  it("is gone when the server says so, before or in the stream", async () => {
    assert.equal((await watchOf(answering(410, status(410, "Expired")))).ended?.kind, "gone");
    assert.equal((await watchOf(streaming(event("ERROR", status(410, "Expired"))))).ended?.kind, "gone");
    assert.equal((await watchOf(streaming(event("ERROR", status(410, "Gone"))))).ended?.kind, "gone");
  });

  it("fails with what the server says, or with what it does not say", async () => {
    const inStream = (await watchOf(streaming(event("ADDED"), event("ERROR", status(500, "InternalError"))))).ended;
    assert.ok(inStream?.kind === "failed" && isApiError(inStream.error, "Unavailable"));
    const before = (await watchOf(answering(403, status(403, "Forbidden")))).ended;
    assert.ok(before?.kind === "failed" && isApiError(before.error, "Forbidden"));
    const garbage = (await watchOf(streaming("<html>\n"))).ended;
    assert.equal(garbage?.kind, "failed");
  });

  it("is closed when the connection breaks, having told all that came before", async () => {
    const handle: Handler = (request, response) => {
      response.writeHead(200).write(event("ADDED"), () => setImmediate(() => request.socket.destroy()));
    };
    const { events, ended } = await watchOf(handle);
    assert.equal(events.length, 1);
    assert.deepEqual(ended, { kind: "closed" });
  });

  it("fails with the error of who listens", () =>
    against(streaming(event("ADDED")), async (api) => {
      const mistake = new Error("a listener's mistake");
      const ended = await api.watch("ConfigMap", { resourceVersion: "1", signal: new AbortController().signal }, () => {
        throw mistake;
      });
      assert.deepEqual(ended, { kind: "failed", error: mistake });
    }));
});
