import assert from "node:assert/strict";
import { createConnection } from "node:net";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { StreamError } from "../../base/index.ts";
import { type CloseReason, connectRpc, listenRpc, type RpcConnection, type RpcServer } from "./connection.ts";
import { encodeFrame, FrameReader, MAX_FRAME_BYTES } from "./frame.ts";

type Note = { readonly kind: "note"; readonly n: number; readonly text?: string };
type Peer = {
  readonly got: Note[];
  readonly closed: Promise<CloseReason>;
  readonly connection: RpcConnection<Note, Note>;
};

function watch(connection: RpcConnection<Note, Note>, onNote: (note: Note) => void = () => {}): Peer {
  const got: Note[] = [];
  const closed = new Promise<CloseReason>((resolve) => {
    connection.onClose = resolve;
  });
  connection.onMessage = (note) => {
    got.push(note);
    onNote(note);
  };
  return { got, closed, connection };
}

async function serve(t: TestContext, onPeer: (peer: Peer) => void, onNote?: (note: Note) => void): Promise<RpcServer> {
  const server = await listenRpc<Note, Note>({
    host: "127.0.0.1",
    port: 0,
    onConnection: (connection) => onPeer(watch(connection, onNote)),
  });
  t.after(() => server.close());
  return server;
}

test("FR2 messages survive any cutting of the stream into pieces", () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 8 }), fc.array(fc.nat(40), { maxLength: 60 }), (texts, cuts) => {
      const sent = texts.map((text, n) => ({ kind: "note", n, text }));
      const stream = Buffer.concat(sent.map((message) => encodeFrame(message)));
      const reader = new FrameReader();
      const got: object[] = [];
      let offset = 0;
      for (const cut of [...cuts, stream.length]) {
        const end = Math.min(stream.length, offset + cut);
        got.push(...reader.push(stream.subarray(offset, end)));
        offset = end;
      }
      assert.deepEqual(got, sent);
    }),
  );
});

test("FR1 a frame over the limit is refused from its header, and never sent", () => {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(MAX_FRAME_BYTES + 1);
  assert.throws(
    () => new FrameReader().push(header),
    (error) => error instanceof StreamError && error.code === "PROTOCOL_VIOLATION",
  );
  assert.throws(
    () => encodeFrame({ kind: "large", text: "x".repeat(MAX_FRAME_BYTES) }),
    (error) => error instanceof StreamError && error.code === "PROTOCOL_VIOLATION" && error.message.includes('"large"'),
  );
});

test("FR3 a frame of a newer protocol is refused with both versions", () => {
  const frame = encodeFrame({ kind: "note", n: 1 });
  frame[4] = 2;
  assert.throws(() => new FrameReader().push(frame), {
    code: "FORMAT_TOO_NEW",
    message: /RPC protocol of the peer is of version 2, and this program reads version 1: use the/,
  });
});

test("CON1 messages arrive in order in both directions, a large one among them", async (t) => {
  const large = "ü".repeat(3_000_000);
  const server = await serve(t, (peer) => {
    for (let n = 0; n < 100; n++) peer.connection.send({ kind: "note", n, ...(n === 50 ? { text: large } : {}) });
  });
  const connection = await connectRpc<Note, Note>({ host: "127.0.0.1", port: server.port });
  const all = new Promise<Note[]>((resolve) => {
    const peer = watch(connection, (note) => note.n === 99 && resolve(peer.got));
  });
  const got = await all;
  assert.deepEqual(
    got.map((note) => note.n),
    Array.from({ length: 100 }, (_, n) => n),
  );
  assert.equal(got[50]?.text, large);
  connection.close();
});

test("CON2 nothing is lost when the handler is set long after connecting", async (t) => {
  const server = await serve(t, (peer) => peer.connection.send({ kind: "note", n: 7 }));
  const connection = await connectRpc<Note, Note>({ host: "127.0.0.1", port: server.port });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  const got = await new Promise<Note>((resolve) => {
    connection.onMessage = resolve;
  });
  assert.equal(got.n, 7);
  connection.close();
});

test("CON3 both sides hear of a close once, with who did it", async (t) => {
  const accepted: Peer[] = [];
  const server = await serve(t, (peer) => accepted.push(peer));
  const peer = watch(await connectRpc<Note, Note>({ host: "127.0.0.1", port: server.port }));
  peer.connection.send({ kind: "note", n: 1 });
  peer.connection.close();
  peer.connection.close();
  peer.connection.send({ kind: "note", n: 2 });
  assert.deepEqual(await peer.closed, { kind: "closedHere" });
  assert.deepEqual(await accepted[0]?.closed, { kind: "closedByPeer" });
  assert.deepEqual(accepted[0]?.got, [{ kind: "note", n: 1 }]);
});

for (const [sentence, bytes] of [
  ["garbage", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n")],
  ["a frame that is not JSON", Buffer.from([0, 0, 0, 2, 0x7b, 0x7b])],
  ["a frame whose text is not JSON", Buffer.from([0, 0, 0, 3, 1, 0x7b, 0x7b])],
  ["a frame whose text has no kind", Buffer.concat([Buffer.from([0, 0, 0, 3, 1]), Buffer.from("[]")])],
  ["a frame without a kind", Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.from("[]")])],
] as const) {
  test(`CON4 ${sentence} closes that connection and no other`, async (t) => {
    const accepted: Peer[] = [];
    let heard = (_note: Note): void => {};
    const server = await serve(
      t,
      (peer) => accepted.push(peer),
      (note) => heard(note),
    );
    const good = await connectRpc<Note, Note>({ host: "127.0.0.1", port: server.port });
    const first = new Promise<Note>((resolve) => {
      heard = resolve;
    });
    good.send({ kind: "note", n: 1 });
    await first;
    const hostile = createConnection({ host: "127.0.0.1", port: server.port });
    const ended = new Promise((resolve) => hostile.on("close", resolve));
    hostile.on("error", () => {});
    hostile.write(bytes);
    await ended;
    const reason = await accepted[1]?.closed;
    assert.ok(reason?.kind === "lost" && reason.error.code === "PROTOCOL_VIOLATION");
    const second = new Promise<Note>((resolve) => {
      heard = resolve;
    });
    good.send({ kind: "note", n: 2 });
    assert.equal((await second).n, 2);
    good.close();
  });
}

test("a busy port is refused with its number and what to do", async (t) => {
  const server = await serve(t, () => {});
  await assert.rejects(
    listenRpc({ host: "127.0.0.1", port: server.port, onConnection: () => {} }),
    (error) =>
      error instanceof StreamError &&
      error.code === "PORT_IN_USE" &&
      error.message.includes(String(server.port)) &&
      error.message.includes("choose another port"),
  );
});

test("connecting to nobody says where", async (t) => {
  const server = await serve(t, () => {});
  await server.close();
  await assert.rejects(
    connectRpc({ host: "127.0.0.1", port: server.port }),
    (error) =>
      error instanceof StreamError && error.code === "CONNECTION_LOST" && error.message.includes(`${server.port}`),
  );
});
