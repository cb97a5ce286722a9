import assert from "node:assert/strict";
import { createServer as createHttpServer, type IncomingMessage, request, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { type WebSocket, WebSocketServer } from "ws";
import { systemClock } from "../../../base/index.ts";
import { isApiError } from "../api/index.ts";
import { type Credentials, fixedCredentials, type Presented } from "./credentials.ts";
import { PortForwarder } from "./port-forward.ts";

const pod = { namespace: "shop", name: "wc-1-jobmanager-0" };
const PORT_AS_BYTES = Buffer.from([0x91, 0x1f]); // 8081, little endian
const framed = (channel: number, bytes: Buffer | string): Buffer =>
  Buffer.concat([Buffer.of(channel), Buffer.from(bytes)]);

type Face = {
  /** What the node says and takes, once the API server has let the caller through. */
  readonly node?: (socket: WebSocket) => void;
  /** A refusal in place of that, by request. */
  readonly refuse?: (request: IncomingMessage) => { readonly code: number; readonly body: string } | null;
  readonly credentials?: (baseUrl: string) => Credentials;
};

/** An API server's face for pods/portforward, on the wire; what the real one does is in test/cluster. */
async function against(
  { node, refuse, credentials = (url) => fixedCredentials(url, "t") }: Face,
  check: (forwarder: PortForwarder, requests: string[]) => Promise<void>,
): Promise<void> {
  const requests: string[] = [];
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "v4.channel.k8s.io" });
  const server: Server = createHttpServer();
  server.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    requests.push(`${incoming.url} ${incoming.headers["sec-websocket-protocol"]} ${incoming.headers.authorization}`);
    const refusal = refuse?.(incoming) ?? null;
    if (refusal !== null) {
      socket.end(
        `HTTP/1.1 ${refusal.code} Refused\r\nContent-Length: ${refusal.body.length}\r\nConnection: close\r\n\r\n${refusal.body}`,
      );
      return;
    }
    sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.send(framed(0, PORT_AS_BYTES));
      webSocket.send(framed(1, PORT_AS_BYTES));
      node?.(webSocket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const presented = credentials(baseUrl);
  try {
    await check(
      new PortForwarder({ baseUrl, clock: systemClock, credentials: presented, userAgent: "test", timeoutMs: 60_000 }),
      requests,
    );
  } finally {
    presented.close();
    for (const client of sockets.clients) client.terminate();
    server.close();
    server.closeAllConnections();
  }
}

/** A small HTTP server at the other end of the channel. */
function answerHttp(socket: WebSocket): void {
  socket.on("message", (message: Buffer) => {
    assert.equal(message[0], 0);
    const asked = message.subarray(1).toString("utf8").split("\r\n")[0] ?? "";
    socket.send(framed(0, `HTTP/1.1 200 OK\r\nContent-Length: ${asked.length}\r\n\r\n`));
    socket.send(framed(0, asked));
  });
}

const askThrough = (connection: Duplex, path: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const asking = request({ path, createConnection: () => connection }, (answer) => {
      text(answer).then(resolve, reject);
    });
    asking.on("error", reject);
    asking.end();
  });

test("PFW1 a connection carries HTTP both ways, and asks for the pod, the port and the protocol", async () => {
  await against({ node: answerHttp }, async (forwarder, requests) => {
    assert.equal(await askThrough(await forwarder.open(pod, 8081), "/v1/overview"), "GET /v1/overview HTTP/1.1");
    assert.deepEqual(requests, [
      "/api/v1/namespaces/shop/pods/wc-1-jobmanager-0/portforward?ports=8081 v4.channel.k8s.io Bearer t",
    ]);
  });
});

test("PFW1 a refusal is an error with the API server's own words", async () => {
  const message = `pods "wc" is forbidden: User "ann" cannot create resource "pods/portforward"`;
  const body = JSON.stringify({ kind: "Status", status: "Failure", message, reason: "Forbidden", code: 403 });
  await against({ refuse: () => ({ code: 403, body }) }, async (forwarder) => {
    const error: unknown = await forwarder.open(pod, 8081).catch((reason: unknown) => reason);
    assert.ok(isApiError(error, "Forbidden"), String(error));
    assert.equal(error.message, message);
  });
  await against({ refuse: () => ({ code: 404, body: "" }) }, async (forwarder) => {
    const error: unknown = await forwarder.open(pod, 8081).catch((reason: unknown) => reason);
    assert.ok(isApiError(error, "NotFound"), String(error));
  });
});

test("PFW1 credentials that the API server does not know any more are asked for again, once", async () => {
  const stale = fixedCredentials("http://127.0.0.1", "stale");
  const fresh = fixedCredentials("http://127.0.0.1", "fresh");
  const credentials: Credentials = {
    present: (refused?: Presented) => (refused === undefined ? stale : fresh).present(),
    close: () => undefined,
  };
  const refuse = ({ headers }: IncomingMessage) =>
    headers.authorization === "Bearer fresh" ? null : { code: 401, body: "" };
  await against({ node: answerHttp, refuse, credentials: () => credentials }, async (forwarder, requests) => {
    assert.equal(await askThrough(await forwarder.open(pod, 8081), "/"), "GET / HTTP/1.1");
    assert.equal(requests.length, 2);
  });
  stale.close();
  fresh.close();
});

test("PFW1 an API server that is not there is an error that says where it was looked for", async () => {
  const credentials = fixedCredentials("http://127.0.0.1:1");
  const options = { baseUrl: "http://127.0.0.1:1", clock: systemClock, credentials, userAgent: "test" };
  const error: unknown = await new PortForwarder(options).open(pod, 8081).catch((reason: unknown) => reason);
  assert.ok(isApiError(error, "Unavailable"), String(error));
  assert.match(error.message, /portforward at http:\/\/127\.0\.0\.1:1 failed/);
  credentials.close();
});

test("PFW2 what goes wrong on the node ends the connection with the node's words", async () => {
  const node = (socket: WebSocket): void =>
    socket.send(framed(1, "error forwarding port 8081: dial tcp4 127.0.0.1:8081: connect: connection refused"));
  await against({ node }, async (forwarder) => {
    await assert.rejects(askThrough(await forwarder.open(pod, 8081), "/"), /port 8081 of pod .* connection refused/);
  });
});

test("PFW3 who does not read makes the other side wait, and then gets all of it", async () => {
  const CHUNK = Buffer.alloc(1 << 16, "x");
  const CHUNKS = 400;
  let left = CHUNKS;
  let theirs: WebSocket | null = null;
  const pump = (): void => {
    while (left > 0 && (theirs?.bufferedAmount ?? 0) < 1 << 20) {
      left--;
      theirs?.send(framed(0, CHUNK), () => pump());
    }
    if (left === 0) theirs?.close();
  };
  const node = (socket: WebSocket): void => {
    theirs = socket;
    pump();
  };
  await against({ node }, async (forwarder) => {
    const connection = await forwarder.open(pod, 8081);
    connection.read(0); // begins, and takes nothing
    // Nothing is read: what the sockets' buffers take has gone, and the rest waits over there.
    let before = -1;
    while (before !== left) {
      before = left;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(connection.readableLength <= 2 * connection.readableHighWaterMark + CHUNK.length, "bounded here");
    let bytes = 0;
    for await (const piece of connection) bytes += (piece as Buffer).length;
    assert.equal(bytes, CHUNKS * CHUNK.length);
  });
});

test("PFW4 ending our side ends the connection after what was written", async () => {
  const got = Promise.withResolvers<string>();
  const node = (socket: WebSocket): void => {
    let heard = "";
    socket.on("message", (message: Buffer) => (heard += message.subarray(1).toString("utf8")));
    socket.on("close", () => got.resolve(heard));
  };
  await against({ node }, async (forwarder) => {
    const connection = await forwarder.open(pod, 8081);
    connection.resume();
    connection.write("one ");
    connection.end("two");
    assert.equal(await got.promise, "one two");
  });
});
