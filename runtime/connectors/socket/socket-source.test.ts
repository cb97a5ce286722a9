import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, test } from "node:test";
import { StreamError } from "../../../base/index.ts";
import type { ReaderContext } from "../../ports/index.ts";
import { SourceHarness, sourceContract, type SourceWorld } from "../../testkit/index.ts";
import { socketTextSource } from "./socket-source.ts";

let server: Server;
let port: number;
let clients: Socket[];

beforeEach(async () => {
  clients = [];
  server = createServer((socket) => {
    clients.push(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  for (const client of clients) client.destroy();
  server.close();
  if (server.listening) await once(server, "close");
});

async function client(): Promise<Socket> {
  if (clients.length === 0) await once(server, "connection");
  return clients[0] as Socket;
}

test("lines come in order, also those cut inside a character, and one subtask reads", async () => {
  const harness = await SourceHarness.start(socketTextSource({ host: "127.0.0.1", port }), { parallelism: 2 });
  const peer = await client();
  const bytes = Buffer.from("one\r\nzwei €\nthree\nunfinished");
  peer.write(bytes.subarray(0, 11));
  await harness.read(() => harness.records.length === 1);
  peer.write(bytes.subarray(11));
  await harness.read(() => harness.records.length === 3);
  assert.deepEqual(harness.values, ["one", "zwei €", "three"]);
  assert.equal(clients.length, 1);
  assert.equal(harness.poll(1), "idle");
  assert.deepEqual(harness.snapshot(), [{ host: "127.0.0.1", port }]);
  await harness.close();
});

type Split = { readonly host: string; readonly port: number };
const LINES = Array.from({ length: 12 }, (_, index) => `line ${index} €`);
const textOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** A server that sends the lines to the first that connects, and to the newest connection what is appended (SOS1). */
async function socketWorld(whenClosed: "fail" | "end"): Promise<SourceWorld<string, Split>> {
  const peers: Socket[] = [];
  const own = createServer((peer) => {
    peer.on("error", () => undefined);
    if (peers.push(peer) > 1) return;
    if (whenClosed === "end") peer.end(textOf(LINES));
    else peer.write(textOf(LINES));
  });
  own.listen(0, "127.0.0.1");
  await once(own, "listening");
  const { port: ownPort } = own.address() as AddressInfo;
  /** Readers that connect; the server hears of a connection later than they do. */
  let readers = 0;
  const makeSource = (): ReturnType<typeof socketTextSource> => {
    const source = socketTextSource({ host: "127.0.0.1", port: ownPort, whenClosed });
    const createReader = (context: ReaderContext<Split>) => {
      readers += context.splits.length;
      return source.createReader(context);
    };
    return { ...source, createReader };
  };
  let appended = 0;
  const append = async (): Promise<string[]> => {
    while (peers.length < readers) await once(own, "connection");
    const more = [`more ${appended++}`, `more ${appended++}`];
    peers.at(-1)?.write(textOf(more));
    return more;
  };
  const dispose = (): void => {
    for (const peer of peers) peer.destroy();
    own.close();
  };
  return { makeSource, records: LINES, dispose, ...(whenClosed === "end" ? {} : { append }) };
}

for (const whenClosed of ["fail", "end"] as const) {
  const checks = sourceContract(() => socketWorld(whenClosed), { hasReplay: false, deadline: "1 min" });
  for (const { name, run } of checks) test(`SOS1 a socket with whenClosed: ${whenClosed} ${name}`, run);
}

test("SOS3 a lost connection gives what came before it, then fails the task", async () => {
  for (const lose of [(peer: Socket) => peer.end(), (peer: Socket) => peer.resetAndDestroy()]) {
    clients = [];
    const harness = await SourceHarness.start(socketTextSource({ host: "127.0.0.1", port }));
    const peer = await client();
    peer.write("a\nb\n");
    await harness.read(() => harness.records.length === 1, 1);
    lose(peer);
    await assert.rejects(
      harness.read(),
      (error) =>
        error instanceof StreamError &&
        error.code === "SOURCE_FAILED" &&
        /127.0.0.1:\d+: the connection is lost/.test(error.message),
    );
    assert.deepEqual(harness.values, ["a", "b"]);
    await harness.close();
  }
});

test("with whenClosed: end, the end of the connection is the end of the data, the last line included", async () => {
  const source = socketTextSource({ host: "127.0.0.1", port, whenClosed: "end" });
  assert.equal(source.boundedness, "bounded");
  const harness = await SourceHarness.start(source, { parallelism: 2 });
  (await client()).end("a\nlast");
  await harness.read();
  assert.deepEqual(harness.values, ["a", "last"]);
  assert.deepEqual(harness.snapshot(), []);
  await harness.close();
});

test("SOS2 a server that sends more than is taken is slowed down", async () => {
  const harness = await SourceHarness.start(socketTextSource({ host: "127.0.0.1", port }));
  const peer = await client();
  const line = `${"x".repeat(1023)}\n`;
  const lines = 64 * 1024;
  let sent = 0;
  const send = (): void => {
    while (sent < lines) {
      sent++;
      if (!peer.write(line)) return;
    }
  };
  peer.on("drain", send);
  send();
  for (let [turns, before] = [0, 0]; turns < 5000; turns++) {
    if (sent !== before) [turns, before] = [0, sent];
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(sent < lines / 2, `${sent} of ${lines} lines were sent while nobody took any`);
  await harness.read(() => harness.records.length === lines);
  await harness.close();
});

test("no server, and a line without end, are failures that say what to do", async () => {
  const harness = await SourceHarness.start(socketTextSource({ host: "127.0.0.1", port, lineBytesMax: 100 }));
  (await client()).write("x".repeat(200));
  await assert.rejects(harness.read(), /longer than lineBytesMax; raise it/);
  await harness.close();
  server.close();
  for (const each of clients) each.destroy();
  await once(server, "close");
  await assert.rejects(
    SourceHarness.start(socketTextSource({ host: "127.0.0.1", port })),
    (error) =>
      error instanceof StreamError && error.code === "SOURCE_FAILED" && /cannot connect.*nc -lk/.test(error.message),
  );
});
