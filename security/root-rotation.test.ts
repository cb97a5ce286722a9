/** CED3, AUT4: while a root is replaced, neighbouring stages trust each other, and at its end the old root is worth nothing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { silentLog, systemClock } from "../base/index.ts";
import { createJobAuthority, type JobAuthority } from "../operator/certificates/index.ts";
import type { RootStage } from "../operator/engine/index.ts";
import type { IdentityFiles } from "./identity.ts";
import { openIdentity } from "./identity.ts";
import { identityFolder, identityOf, JOB_ID, termNow } from "./identity-folder.test-support.ts";
import { connectToPeer, PeerServer } from "./peer-connections.ts";
import type { PeerRole } from "./peer-name.ts";

const [oldRoot, newRoot] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const before = createJobAuthority(oldRoot);
const during = createJobAuthority(newRoot, oldRoot);
const afterwards = createJobAuthority(newRoot);
const term = termNow();
const of = { namespace: "apps", job: "wc", incarnation: 1, jobId: JOB_ID };

function filesOf(role: PeerRole, authority: JobAuthority, stage: RootStage): IdentityFiles {
  const all = authority.issue(of, term, stage);
  return { ca: all["ca.crt"] ?? "", cert: all[`${role}.crt`] ?? "", key: all[`${role}.key`] ?? "" };
}

/** In the order in which they follow each other. */
const stages: readonly (readonly [string, JobAuthority, RootStage])[] = [
  ["before", before, "current"],
  ["introducing", during, "introducing"],
  ["replacing", during, "replacing"],
  ["after", afterwards, "current"],
];

/** Whether a TaskManager with these files gets a byte of a JobManager with those. */
async function areConnected(context: TestContext, server: IdentityFiles, client: IdentityFiles): Promise<boolean> {
  const common = { clock: systemClock, log: silentLog };
  const expected = { jobId: JOB_ID, role: "taskmanager" } as const;
  const peers = new PeerServer({ identity: identityOf(server), expected, ...common }, "RPC", (socket) => {
    socket.on("error", () => undefined);
    socket.end("!");
  });
  peers.server.listen(0, "127.0.0.1");
  await once(peers.server, "listening");
  context.after(() => {
    peers.release();
    peers.server.close();
  });
  const { port } = peers.server.address() as AddressInfo;
  const security = { identity: identityOf(client), expected: { jobId: JOB_ID, role: "jobmanager" } as const };
  const socket = connectToPeer({ host: "127.0.0.1", port }, security);
  let said = "";
  socket.on("data", (piece: Buffer) => (said += piece.toString()));
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => socket.on("close", () => resolve()));
  return said === "!";
}

test("CED3: processes of neighbouring stages take each other, both ways; the old root and the new one alone do not", async (context) => {
  const connected: string[] = [];
  for (const [serverIs, ...server] of stages) {
    for (const [clientIs, ...client] of stages) {
      const [jobManager, taskManager] = [filesOf("jobmanager", ...server), filesOf("taskmanager", ...client)];
      if (await areConnected(context, jobManager, taskManager)) connected.push(`${serverIs} ${clientIs}`);
    }
  }
  const names = stages.map(([name]) => name);
  const neighbours = names.flatMap((one, i) =>
    names.filter((_other, j) => Math.abs(i - j) <= 1).map((other) => `${one} ${other}`),
  );
  assert.deepEqual(connected.toSorted(), neighbours.toSorted());
});

test("IDN2: a folder with both authorities is read, whichever issued", (context) => {
  for (const stage of ["introducing", "replacing"] as const) {
    const files = filesOf("taskmanager", during, stage);
    const identity = openIdentity(identityFolder(context, files).path, { clock: systemClock, log: silentLog });
    assert.deepEqual(identity.files, files);
    identity.close();
  }
});

test("AUT4: an operator that knows both roots can show itself in every stage, and one that knows the new one alone only at the end", () => {
  assert.equal(during.operatorFiles(of, term).length, 2);
  assert.equal(afterwards.operatorFiles(of, term).length, 1);
  assert.deepEqual(during.roots, { current: afterwards.roots.current, previous: before.roots.current });
  const [own, old] = during.operatorFiles(of, term);
  assert.equal(own?.cert, afterwards.operatorFiles(of, term)[0]?.cert);
  assert.equal(old?.cert, before.operatorFiles(of, term)[0]?.cert);
});
