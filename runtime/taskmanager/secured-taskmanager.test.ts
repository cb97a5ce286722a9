/** SEC-7, SEC-25: a TaskManager with a certificate, its JobManager, and those who would like to be one of them. */
import assert from "node:assert/strict";
import { connect as connectPlain, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { connect } from "node:tls";
import { jobId, silentLog, systemClock, taskManagerId } from "../../base/index.ts";
import { identityFiles, identityFolder, identityOf, JOB_ID } from "../../security/identity-folder.test-support.ts";
import type { IdentityFiles } from "../../security/index.ts";
import { connectRpc, type FromJobManager, listenRpc, type ToJobManager } from "../rpc/index.ts";
import { startTaskManager } from "./taskmanager.ts";

const OTHER_JOB = "b".repeat(32);
/** It says no hello of the data protocol, so whoever takes it answers why it does not go on. */
const NOT_A_HELLO = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x78]);

type Register = Extract<ToJobManager, { kind: "register" }>;

/** How the job's own JobManager listens. */
const asJobManager = () => ({
  host: "127.0.0.1",
  port: 0,
  security: {
    identity: identityOf(identityFiles({ role: "jobmanager" })),
    expected: { jobId: JOB_ID, role: "taskmanager" } as const,
    clock: systemClock,
    log: silentLog,
  },
});

/** A TaskManager that has come to a JobManager of its job; where its slot listens. */
async function registeredAt(context: TestContext, options: Readonly<Record<string, string>>): Promise<number> {
  const came = Promise.withResolvers<Register>();
  const jobManager = await listenRpc<FromJobManager, ToJobManager>({
    ...asJobManager(),
    onConnection: (connection) => {
      connection.onMessage = (message) => {
        if (message.kind === "register") came.resolve(message);
      };
    },
  });
  const manager = await startTaskManager({
    jobId: jobId(JOB_ID),
    taskManagerId: taskManagerId("tm"),
    host: "127.0.0.1",
    jobManagerHost: "127.0.0.1",
    jobManagerPort: jobManager.port,
    slots: 1,
    clock: systemClock,
    log: silentLog,
    identity: { folder: identityFolder(context, identityFiles()).path, options },
  });
  context.after(async () => {
    await manager.close();
    await jobManager.close();
  });
  const { dataPorts } = await came.promise;
  return dataPorts[0] ?? 0;
}

/** What comes back for bytes that mean nothing; "" where nobody listens to them. */
function answerTo(socket: Socket): Promise<string> {
  let heard = "";
  socket.on("data", (piece: Buffer) => (heard += piece.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(NOT_A_HELLO);
  return new Promise((resolve) => socket.on("close", () => resolve(heard)));
}

const byTls = (port: number, files: IdentityFiles): Socket =>
  connect({ host: "127.0.0.1", port, ...files, checkServerIdentity: () => undefined });

test("SEC-7, SEC-25: data is taken from TaskManagers of this very job alone", async (context) => {
  const port = await registeredAt(context, {});
  assert.match(await answerTo(byTls(port, identityFiles())), /was asked for/);
  const { ca } = identityFiles();
  for (const stranger of [identityFiles({ jobId: OTHER_JOB }), identityFiles({ role: "jobmanager" })]) {
    assert.equal(await answerTo(byTls(port, { ...stranger, ca })), "");
  }
  assert.doesNotMatch(await answerTo(connectPlain({ host: "127.0.0.1", port })), /was asked for/);
});

test("taskmanager.data.ssl.enabled false leaves data in the clear, and RPC as it is", async (context) => {
  const port = await registeredAt(context, { "taskmanager.data.ssl.enabled": "false" });
  assert.match(await answerTo(connectPlain({ host: "127.0.0.1", port })), /was asked for/);
});

test("SEC-25: a TaskManager of another job, with a valid certificate of its own, is no TaskManager of this one", async (context) => {
  const accepted: unknown[] = [];
  const jobManager = await listenRpc<FromJobManager, ToJobManager>({
    ...asJobManager(),
    onConnection: (connection) => accepted.push(connection),
  });
  context.after(() => jobManager.close());
  const { ca } = identityFiles();
  const stranger = identityOf({ ...identityFiles({ jobId: OTHER_JOB }), ca });
  const expected = { jobId: JOB_ID, role: "jobmanager" } as const;
  const ended = await connectRpc<ToJobManager, FromJobManager>({
    host: "127.0.0.1",
    port: jobManager.port,
    security: { identity: stranger, expected },
  }).then(
    (connection) => new Promise((resolve) => (connection.onClose = resolve)),
    (error: unknown) => error,
  );
  assert.ok(ended !== undefined);
  assert.deepEqual(accepted, []);
});
