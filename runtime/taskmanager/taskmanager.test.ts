import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, jobId, type Log, silentLog, systemClock, taskManagerId } from "../../base/index.ts";
import { type FromJobManager, listenRpc, type RpcConnection, type RpcServer, type ToJobManager } from "../rpc/index.ts";
import { startTaskManager, type TaskManager } from "./taskmanager.ts";

const OURS = jobId("a".repeat(32));
const THEIRS = jobId("b".repeat(32));

/** Waits between two attempts are shorter. */
const hurried: Clock = { ...systemClock, after: (delayMs, callback) => systemClock.after(delayMs / 20, callback) };

type Peer = { readonly connection: RpcConnection<FromJobManager, ToJobManager>; readonly got: ToJobManager[] };

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 60_000;
  while (!condition()) {
    assert.ok(systemClock.monotonicMs() < deadlineMs, `in time: ${what}`);
    await new Promise<void>((resolve) => void systemClock.after(2, resolve));
  }
}

/** A JobManager's port, and who has come to it. */
async function listen(
  port: number,
): Promise<{ server: RpcServer; peers: Peer[]; closed: (peer: Peer | undefined) => boolean }> {
  const peers: Peer[] = [];
  const gone = new Set<unknown>();
  const server = await listenRpc<FromJobManager, ToJobManager>({
    host: "127.0.0.1",
    port,
    onConnection: (connection) => {
      const peer: Peer = { connection, got: [] };
      connection.onMessage = (message) => void peer.got.push(message);
      connection.onClose = () => void gone.add(peer);
      peers.push(peer);
    },
  });
  return { server, peers, closed: (peer) => gone.has(peer) };
}

const registered = (of: typeof OURS): FromJobManager => ({
  kind: "registered",
  epoch: 7,
  jobId: of,
  heartbeatIntervalMs: 10_000,
  heartbeatTimeoutMs: 60_000,
});

/** Any work: a slot answers it, whatever the module is. */
const work = (of: typeof OURS): FromJobManager => ({
  kind: "prepare",
  epoch: 7,
  job: {
    jobId: of,
    predecessors: [],
    program: { kind: "module", path: "/nowhere/job.ts" },
    options: {},
    args: [],
    maxParallelism: [],
    fingerprint: "",
  },
});

test("TAS4 a TaskManager does nothing for another job's JobManager at its own's address, and finds its own again", async (t) => {
  const first = await listen(0);
  const { port } = first.server;
  t.after(() => first.server.close());
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (_facts, message) => void warnings.push(message) };
  const manager = await startTaskManager({
    jobId: OURS,
    taskManagerId: taskManagerId("tm-ours"),
    host: "127.0.0.1",
    jobManagerHost: "127.0.0.1",
    jobManagerPort: port,
    slots: 1,
    clock: hurried,
    log,
  });
  t.after(() => manager.close());
  const strangers: readonly (readonly FromJobManager[])[] = [
    [{ kind: "refused", epoch: 0, jobId: THEIRS }],
    [registered(THEIRS), work(THEIRS)],
    [work(THEIRS)],
    [{ kind: "shutdown", epoch: 9, jobId: THEIRS }],
  ];
  for (const [place, messages] of strangers.entries()) {
    await until("it has come", () => first.peers.length > place);
    const peer = first.peers[place];
    await until("it has registered", () => (peer?.got.length ?? 0) > 0);
    const [register] = peer?.got ?? [];
    assert.ok(register?.kind === "register" && register.jobId === OURS, "it says whose it is");
    for (const message of messages) peer?.connection.send(message);
    await until("it has gone", () => first.closed(peer));
    assert.deepEqual(
      peer?.got.filter(({ kind }) => kind !== "register" && kind !== "heartbeat"),
      [],
      `${messages[0]?.kind}`,
    );
  }
  assert.ok(warnings.some((message) => /at this address runs another job/.test(message)));
  await until("it has come to its own", () => first.peers.length > strangers.length);
  const own = first.peers.at(-1);
  own?.connection.send(registered(OURS));
  own?.connection.send(work(OURS));
  await until("its slot has answered", () => own?.got.some(({ kind }) => kind === "prepared") ?? false);
  own?.connection.send({ kind: "shutdown", epoch: 7, jobId: OURS });
  await manager.done;
});

test("TAS5 a TaskManager that leaves says so once, works on until it is told to end, and ends at once when nobody is there to tell it", async (t) => {
  const there = await listen(0);
  t.after(() => there.server.close());
  const options = {
    jobId: OURS,
    host: "127.0.0.1",
    jobManagerHost: "127.0.0.1",
    jobManagerPort: there.server.port,
    slots: 1,
    clock: hurried,
    log: silentLog,
  };
  const start = async (name: string): Promise<TaskManager> => {
    const manager = await startTaskManager({ ...options, taskManagerId: taskManagerId(name) });
    t.after(() => manager.close());
    return manager;
  };
  const count = (peer: Peer | undefined, kind: ToJobManager["kind"]): number =>
    peer?.got.filter((message) => message.kind === kind).length ?? 0;

  const early = await start("tm-early");
  await early.leave();

  const told = await start("tm-told");
  await until("it has registered", () => count(there.peers.at(-1), "register") > 0);
  const peer = there.peers.at(-1);
  peer?.connection.send(registered(OURS));
  peer?.connection.send(work(OURS));
  await until("it knows its JobManager", () => count(peer, "prepared") === 1);
  const left = told.leave();
  await until("it says that it leaves", () => count(peer, "leaving") === 1);
  peer?.connection.send(work(OURS));
  await until("it works on", () => count(peer, "prepared") === 2);
  peer?.connection.send({ kind: "shutdown", epoch: 7, jobId: OURS });
  await left;

  const alone = await start("tm-alone");
  await until("it has registered", () => count(there.peers.at(-1), "register") > 0 && there.peers.at(-1) !== peer);
  const last = there.peers.at(-1);
  last?.connection.send(registered(OURS));
  last?.connection.send(work(OURS));
  await until("it knows its JobManager", () => count(last, "prepared") === 1);
  const gone = alone.leave();
  await until("it says that it leaves", () => count(last, "leaving") === 1);
  const visits = there.peers.length;
  last?.connection.close();
  await gone;
  assert.equal(there.peers.length, visits, "it registers with nobody again");
});

test("STH5 a TaskManager whose threads die before they listen gives up, and says why", async () => {
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (_facts, message) => void errors.push(message) };
  const starting = startTaskManager({
    jobId: OURS,
    taskManagerId: taskManagerId("tm-hopeless"),
    // No machine has it (RFC 5737), so nothing can listen there.
    host: "192.0.2.1",
    jobManagerHost: "127.0.0.1",
    jobManagerPort: 1,
    slots: 2,
    clock: hurried,
    log,
  });
  await assert.rejects(starting, { code: "TASK_MANAGER_LOST", message: /^the thread of slot \d died: .*192\.0\.2\.1/ });
  assert.equal(errors.at(-1), "a slot's thread dies again and again as it starts");
});
