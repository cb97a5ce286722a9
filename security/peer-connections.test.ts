import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createConnection, type Socket } from "node:net";
import test, { type TestContext } from "node:test";
import { connect } from "node:tls";
import { type Log, silentLog, systemClock } from "../base/index.ts";
import type { IdentityFiles } from "./identity.ts";
import { identityFiles, identityOf, JOB_ID, termNow } from "./identity-folder.test-support.ts";
import { connectToPeer, type PeerSecurity, PeerServer } from "./peer-connections.ts";
import { parsePeerName } from "./peer-name.ts";

const expected = { jobId: JOB_ID, role: "taskmanager" } as const;
const jobManager = identityFiles({ role: "jobmanager" });
const DAY_MS = 86_400_000;
const pastTerm = { number: 0, notBeforeMs: systemClock.nowMs() - 2 * DAY_MS, notAfterMs: systemClock.nowMs() - DAY_MS };

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.on("close", () => resolve()));

type Served = { readonly port: number; readonly accepted: number[]; readonly refusals: string[] };

/** A JobManager's port, which says one byte to whom it takes. */
async function serve(context: TestContext, security: Partial<PeerSecurity> = {}): Promise<Served> {
  const accepted: number[] = [];
  const refusals: string[] = [];
  const log: Log = { ...silentLog, warn: (facts) => refusals.push((facts as { reason: string }).reason) };
  const options = { identity: identityOf(jobManager), expected, clock: systemClock, log, ...security };
  const peers = new PeerServer(options, "RPC", (socket) => {
    accepted.push(socket.remotePort ?? 0);
    socket.on("error", () => undefined);
    socket.end("!");
  });
  peers.server.listen(0, "127.0.0.1");
  await once(peers.server, "listening");
  context.after(() => {
    peers.release();
    peers.server.close();
  });
  return { port: (peers.server.address() as AddressInfo).port, accepted, refusals };
}

/** What the server said, or why it did not. */
async function ask(
  port: number,
  files: IdentityFiles,
  role: "jobmanager" | "taskmanager" = "jobmanager",
): Promise<string> {
  const security = { identity: identityOf(files), expected: { jobId: JOB_ID, role } };
  const socket = connectToPeer({ host: "127.0.0.1", port }, security);
  let said = "";
  socket.on("data", (piece: Buffer) => (said += piece.toString()));
  let failure = "closed without a word";
  socket.on("error", (error) => (failure = error.message));
  await closed(socket);
  return said === "" ? failure : said;
}

test("SEC-7: a TaskManager of this very job is taken, over TLS 1.3", async (context) => {
  const { port, refusals } = await serve(context);
  assert.equal(await ask(port, identityFiles()), "!");
  assert.deepEqual(refusals, []);
});

for (const [who, files, reason] of [
  [
    "of another job's authority",
    identityFiles({ jobId: "b".repeat(32) }),
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|CERT_SIGNATURE_FAILURE)$/,
  ],
  [
    "of a job of the same name in another namespace",
    identityFiles({ namespace: "other" }),
    /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY|CERT_SIGNATURE_FAILURE)$/,
  ],
  ["whose certificate has expired", identityFiles({ term: pastTerm }), /^CERT_HAS_EXPIRED$/],
  ["in another role", identityFiles({ role: "operator" }), /for role operator, and taskmanager is expected/],
] as const) {
  test(`SEC-7: a peer ${who} is refused, and the log says why once`, async (context) => {
    const { port, accepted, refusals } = await serve(context);
    // It trusts this server, so it is the server that refuses.
    const hostile = { ...files, ca: jobManager.ca };
    assert.notEqual(await ask(port, hostile), "!");
    assert.notEqual(await ask(port, hostile), "!");
    assert.deepEqual(accepted, []);
    assert.equal(refusals.length, 1, refusals.join("; "));
    assert.match(refusals[0] ?? "", reason);
    assert.equal(await ask(port, identityFiles()), "!");
  });
}

test("SEC-7: plain text, TLS 1.2 and a client without a certificate get no byte", async (context) => {
  const { port, accepted } = await serve(context);
  const plain = createConnection({ host: "127.0.0.1", port });
  const heard: Buffer[] = [];
  plain.on("data", (piece: Buffer) => heard.push(piece)).on("error", () => undefined);
  plain.write("\0\0\0\x02{}  GET / HTTP/1.1\r\n\r\n");
  await closed(plain);
  assert.ok(Buffer.concat(heard).length <= 7, "at most a TLS alert");
  for (const options of [{ maxVersion: "TLSv1.2", ...identityFiles() }, { ca: jobManager.ca }] as const) {
    const socket = connect({ host: "127.0.0.1", port, ...options, checkServerIdentity: () => undefined });
    let said = "";
    socket.on("data", (piece: Buffer) => (said += piece.toString())).on("error", () => undefined);
    await closed(socket);
    assert.equal(said, "");
  }
  assert.deepEqual(accepted, []);
});

test("SEC-7: a client gives nothing to a server that is not who it looks for", async (context) => {
  const { port } = await serve(context);
  assert.match(
    await ask(port, identityFiles(), "taskmanager"),
    /for role jobmanager, and taskmanager is expected here/,
  );
  assert.match(await ask(port, identityFiles({ namespace: "other" })), /certificate/);
  const stranger = await serve(context, { identity: identityOf(identityFiles({ role: "taskmanager" })) });
  assert.match(await ask(stranger.port, identityFiles()), /for role taskmanager, and jobmanager is expected here/);
});

test("SEC-8, PCO4: the next handshake shows the renewed certificate", async (context) => {
  const identity = identityOf(jobManager);
  const { port } = await serve(context, { identity });
  const renewed = identityFiles({ role: "jobmanager", term: termNow(2) });
  const shown = async (): Promise<string> => {
    const socket = connectToPeer(
      { host: "127.0.0.1", port },
      { identity: identityOf(identityFiles()), expected: { jobId: JOB_ID, role: "jobmanager" } },
    );
    await once(socket, "secureConnect");
    const { serialNumber } = socket.getPeerCertificate();
    socket.resume().end();
    await closed(socket);
    return serialNumber;
  };
  const before = await shown();
  identity.renew(renewed);
  assert.notEqual(await shown(), before);
  identity.renew(identityFiles({ role: "jobmanager", term: pastTerm }));
  assert.match(await ask(port, identityFiles()), /expired/);
});

test("PNA1: a name is read from exactly one URI of ours", () => {
  const uri = `URI:streamjob://${JOB_ID}/operator`;
  assert.deepEqual(parsePeerName(`DNS:x, ${uri}`), { jobId: JOB_ID, role: "operator" });
  for (const names of [
    undefined,
    "",
    "DNS:x",
    `${uri}, ${uri}`,
    `${uri}/more`,
    `URI:streamjob://${JOB_ID}/root`,
    `DNS:streamjob://${JOB_ID}/operator`,
    `URI:"streamjob://${JOB_ID}/operator, DNS:x"`,
    `URI:https://${JOB_ID}/operator`,
  ]) {
    assert.equal(parsePeerName(names), null, String(names));
  }
});
