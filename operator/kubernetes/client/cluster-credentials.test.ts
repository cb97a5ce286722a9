import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { registerHooks } from "node:module";
import { type AddressInfo, connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { type Clock, systemClock } from "../../../base/index.ts";
import { ManualClock } from "../../../runtime/testkit/index.ts";
import { type ConfigMap, isApiError } from "../api/index.ts";
import { connectKubernetes, type KubernetesConnection } from "./connect.ts";

const key = { namespace: "shop", name: "a" };
const configMap: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { ...key }, data: {} };

/** A program that answers with token-1, token-2 … and writes down what it is told. Its first argument is a folder. */
const PLUGIN = `#!${process.execPath}
const fs = require("node:fs");
const folder = process.argv[2];
fs.appendFileSync(folder + "/calls", process.env.KUBERNETES_EXEC_INFO + "\\n");
const calls = fs.readFileSync(folder + "/calls", "utf8").trim().split("\\n").length;
const expirationTimestamp = process.env.EXPIRES;
const status = { token: "token-" + calls, ...(expirationTimestamp ? { expirationTimestamp } : {}) };
process.stdout.write(JSON.stringify({ kind: "ExecCredential", apiVersion: "client.authentication.k8s.io/v1", status }));
`;

describe("credentials of a kubeconfig", () => {
  /** Who is let in; the others get 401. */
  let isKnown: (authorization: string) => boolean = () => true;
  let seen: string[] = [];
  let connections = 0;
  let url: string;
  let folder: string;
  const open: KubernetesConnection[] = [];
  const server = createServer((request, response) => {
    const authorization = request.headers.authorization ?? "";
    seen.push(`${request.method} ${authorization}`);
    request.resume();
    const isGood = isKnown(authorization);
    const refusal = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "Unauthorized", code: 401 };
    response.writeHead(isGood ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(isGood ? configMap : refusal));
  });
  server.on("connection", () => connections++);

  before(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    isKnown = () => true;
    seen = [];
    connections = 0;
    for (const connection of open.splice(0)) connection.close();
    if (folder !== undefined) rmSync(folder, { recursive: true });
    folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
  });
  after(() => {
    for (const connection of open) connection.close();
    rmSync(folder, { recursive: true });
    server.closeAllConnections();
    server.close();
  });

  const write = (name: string, value: object | string): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
    return path;
  };
  const config = (user: object, cluster: object = {}) => ({
    clusters: [{ name: "c", cluster: { server: url, ...cluster } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace: "shop" } }],
    "current-context": "x",
  });
  const connected = async (
    kubeconfig: string,
    context?: string,
    clock: Clock = systemClock,
  ): Promise<KubernetesConnection> => {
    const connection = await connectKubernetes({
      clock,
      kubeconfig,
      ...(context === undefined ? {} : { context }),
    });
    open.push(connection);
    return connection;
  };
  const plugin = (env: readonly object[] = []): object => {
    write("plugin", PLUGIN);
    chmodSync(join(folder, "plugin"), 0o755);
    return {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        command: "./plugin",
        args: [folder],
        env,
        provideClusterInfo: true,
      },
    };
  };
  const pluginCalls = (): string[] => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");

  it("has the library loaded by a kubeconfig that says more than where, a token and certificates (PLA1, PLA2)", async () => {
    let loads = 0;
    const hooks = registerHooks({
      resolve: (specifier, context, next) => {
        if (specifier === "@kubernetes/client-node") loads++;
        return next(specifier, context);
      },
    });
    try {
      write("token", "t");
      const plain = { extensions: [{ name: "a tool", extension: {} }], "insecure-skip-tls-verify": true };
      for (const user of [{ token: "t" }, { tokenFile: "token" }, { token: "t", exec: null, username: "" }]) {
        const { api } = await connected(write("config", config(user, plain)));
        await api.get("ConfigMap", key);
      }
      assert.deepEqual([loads, seen], [0, Array(3).fill("GET Bearer t")]);
      const { api } = await connected(write("config", config({ token: "t", "as-something-new": "x" })));
      await api.get("ConfigMap", key);
      assert.deepEqual([loads, seen.length], [1, 4]);
    } finally {
      hooks.deregister();
    }
  });

  it("gives the context's namespace, and connections are kept", async () => {
    const { api, namespace, context, baseUrl } = await connected(write("config", config({ token: "t" })));
    assert.deepEqual([namespace, context, baseUrl], ["shop", "x", url]);
    for (let count = 0; count < 3; count++) await api.get("ConfigMap", key);
    assert.deepEqual(seen, Array(3).fill("GET Bearer t"));
    assert.equal(connections, 1);
  });

  it("knows users by password, and one for whom another is named", async () => {
    const { api } = await connected(write("config", config({ username: "anna", password: "p" })));
    await api.get("ConfigMap", key);
    assert.deepEqual(seen, [`GET Basic ${Buffer.from("anna:p").toString("base64")}`]);
  });

  it("reads a token file, relative to its own folder, as soon as it changes (CLC2, KCD2, KCD3)", async () => {
    write("token", "first\n");
    const { api } = await connected(write("config", config({ tokenFile: "token", token: "not this" })));
    await api.get("ConfigMap", key);
    write("token", "the second\n");
    await api.get("ConfigMap", key);
    assert.deepEqual(seen, ["GET Bearer first", "GET Bearer the second"]);
  });

  it("reads the kubeconfig as soon as it changes (CLC2)", async () => {
    const { api } = await connected(write("config", config({ token: "first" })));
    await api.get("ConfigMap", key);
    write("config", config({ token: "the second" }));
    await api.get("ConfigMap", key);
    assert.deepEqual(seen, ["GET Bearer first", "GET Bearer the second"]);
  });

  it("is Unavailable while the kubeconfig cannot be read, and goes on afterwards", async () => {
    const { api } = await connected(write("config", config({ token: "t" })));
    write("config", "clusters: [");
    await assert.rejects(
      api.get("ConfigMap", key),
      (error) => isApiError(error, "Unavailable") && error.message.includes("config"),
    );
    write("config", config({ token: "again" }));
    await api.get("ConfigMap", key);
    assert.deepEqual(seen, ["GET Bearer again"]);
  });

  it("asks a plugin once for requests that begin together, and tells it about the cluster (CLC4, KCD4)", async () => {
    const { api } = await connected(write("config", config(plugin())));
    await Promise.all([api.get("ConfigMap", key), api.list("ConfigMap"), api.get("ConfigMap", key)]);
    assert.deepEqual(seen, Array(3).fill("GET Bearer token-1"));
    const [told, ...more] = pluginCalls();
    assert.deepEqual(more, []);
    const info = JSON.parse(told ?? "") as { readonly kind: string; readonly spec: { readonly cluster: object } };
    assert.equal(info.kind, "ExecCredential");
    assert.deepEqual(info.spec.cluster, { server: url });
  });

  it("asks a plugin again when its token has expired", async () => {
    const expired = { name: "EXPIRES", value: "2020-01-01T00:00:00Z" };
    const { api } = await connected(write("config", config(plugin([expired]))));
    await api.get("ConfigMap", key);
    await api.get("ConfigMap", key);
    assert.deepEqual(seen, ["GET Bearer token-1", "GET Bearer token-2"]);
  });

  it("asks a plugin again after a 401, and sends the request once more, writes too (CLC3, HX1)", async () => {
    const { api } = await connected(write("config", config(plugin())));
    await api.get("ConfigMap", key);
    isKnown = (authorization) => authorization === "Bearer token-2";
    await api.create("ConfigMap", configMap);
    assert.deepEqual(seen, ["GET Bearer token-1", "POST Bearer token-1", "POST Bearer token-2"]);
  });

  it("fails with Unauthorized when fresh credentials are refused, too, and does not ask in a circle (CLC3)", async () => {
    const clock = new ManualClock();
    const { api } = await connected(write("config", config(plugin())), undefined, clock);
    isKnown = () => false;
    const refused = async (): Promise<number> => {
      const before = seen.length;
      await assert.rejects(api.get("ConfigMap", key), (error) => isApiError(error, "Unauthorized"));
      return seen.length - before;
    };
    // Within a second of the clock only the first one asks the plugin again, and is sent once more.
    assert.deepEqual([await refused(), await refused(), await refused()], [2, 1, 1]);
    assert.equal(pluginCalls().length, 2);
    clock.advance(1000);
    assert.deepEqual([await refused(), await refused()], [2, 1]);
    assert.equal(pluginCalls().length, 3);
  });

  it("says what a plugin says when it fails", async () => {
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: process.execPath,
      args: ["-e", "throw 'no login'"],
    };
    const { api } = await connected(write("config", config({ exec })));
    await assert.rejects(
      api.get("ConfigMap", key),
      (error) => isApiError(error, "Unavailable") && error.message.includes("no login"),
    );
  });

  it("takes of several files what the first one says (KCD1)", async () => {
    const first = write("first", { ...config({ token: "first" }), "current-context": "" });
    const second = write("second", {
      ...config({ token: "second" }),
      contexts: [
        { name: "x", context: { cluster: "c", user: "nobody of these" } },
        { name: "other", context: { cluster: "c", user: "u" } },
      ],
      "current-context": "other",
    });
    const before = process.env["KUBECONFIG"];
    process.env["KUBECONFIG"] = [join(folder, "missing"), first, second].join(":");
    try {
      const other = await connectKubernetes({ clock: systemClock });
      const x = await connectKubernetes({ clock: systemClock, context: "x" });
      open.push(other, x);
      assert.deepEqual([other.context, other.namespace, x.namespace], ["other", "default", "shop"]);
      await other.api.get("ConfigMap", key);
      assert.deepEqual(seen, ["GET Bearer first"]);
    } finally {
      if (before === undefined) delete process.env["KUBECONFIG"];
      else process.env["KUBECONFIG"] = before;
    }
  });

  it("says which file cannot be used, and why", async () => {
    const good = config({ token: "t" });
    const table: [object | string, RegExp, string?][] = [
      ["clusters: [", /config/],
      [{ ...good, "current-context": "" }, /no current-context/],
      [good, /no context "y"; it has x/, "y"],
      [{ ...good, clusters: [] }, /no cluster "c"; it has none/],
      [{ ...good, users: [] }, /no user "u"; it has none/],
      [{ ...good, clusters: [{ name: "c", cluster: {} }] }, /clusters\.0\.cluster\.server/],
      [config({}, { server: "nowhere" }), /"nowhere" is no URL/],
    ];
    for (const [value, expected, context] of table) {
      await assert.rejects(connected(write("config", value), context), (error: Error & { code?: string }) => {
        assert.equal(error.code, "KUBECONFIG_INVALID");
        assert.match(error.message, expected);
        assert.ok(error.message.includes(join(folder, "config")));
        return true;
      });
    }
    await assert.rejects(connected(join(folder, "missing")), { code: "KUBECONFIG_INVALID" });
  });

  it("goes through the proxy of its cluster, by one connection", async () => {
    const tunnels: string[] = [];
    const sockets: Socket[] = [];
    const proxy = createServer();
    proxy.on("connect", ({ url: target = "" }: IncomingMessage, socket: Socket) => {
      tunnels.push(target);
      const [host = "", port = ""] = target.split(":");
      const onward = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      for (const each of [socket, onward]) each.on("error", () => {});
      sockets.push(socket, onward);
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      const { api } = await connected(write("config", config({ token: "t" }, { "proxy-url": proxyUrl })));
      await api.get("ConfigMap", key);
      await api.get("ConfigMap", key);
      assert.deepEqual(tunnels, [url.replace("http://", "")]);
      assert.deepEqual(seen, Array(2).fill("GET Bearer t"));
    } finally {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    }
  });
});
