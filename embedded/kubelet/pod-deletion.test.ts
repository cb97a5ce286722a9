import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { silentLog, systemClock, systemRandom } from "../../base/index.ts";
import { isApiError } from "../../operator/kubernetes/api/index.ts";
import { openFileObjectLog, openLocalApiServer } from "../api-server/index.ts";
import {
  buildPod,
  buildSet,
  type Cluster,
  containerOf,
  isAlive,
  isReady,
  keyOf,
  logWith,
  NAMESPACE,
  patient,
  podWhen,
  script,
  shell,
  startCluster,
  until,
} from "./cluster-rig.test-support.ts";

const programs = {
  patient,
  slow: shell('trap "sleep 0.15; echo bye; exit 0" TERM; echo ready; while true; do sleep 0.01; done'),
  deaf: shell('trap "" TERM; echo ready; while true; do sleep 0.05; done'),
  family: shell("sleep 600 & echo child $!; wait"),
};

let cluster: Cluster;
before(async () => {
  cluster = await startCluster({ programs });
});
after(() => cluster.stop());

/** Starts a pod and gives its process. */
async function startPod(name: string, program: string, word = "ready", more: object = {}): Promise<number> {
  await cluster.api.create("Pod", buildPod({ name, program, ...more }));
  if (word !== "") await logWith(cluster, name, word);
  return until("its process", async () => cluster.kubelet.pidOf(keyOf(name)));
}

const isGone = async (name: string): Promise<boolean> => (await cluster.api.get("Pod", keyOf(name))) === null;

test("a pod being deleted is told to end, and goes only when its process is gone (PW2)", async () => {
  const pid = await startPod("slow", "slow");
  let wasAliveWhenDeleted: boolean | null = null;
  const watching = new AbortController();
  const { resourceVersion } = await cluster.api.list("Pod");
  void cluster.api.watch("Pod", { resourceVersion, signal: watching.signal }, (event) => {
    if (event.type === "DELETED" && event.object.metadata.name === "slow") wasAliveWhenDeleted = isAlive(pid);
  });
  await cluster.api.delete("Pod", keyOf("slow"));
  const going = await cluster.api.get("Pod", keyOf("slow"));
  assert.ok(going?.metadata.deletionTimestamp !== undefined && isAlive(pid));
  await until("deleted", async () => wasAliveWhenDeleted !== null);
  watching.abort();
  assert.equal(wasAliveWhenDeleted, false);
});

test("a process that does not end is killed after its grace; a second delete shortens it", async () => {
  const pid = await startPod("deaf", "deaf", "ready", { terminationGracePeriodSeconds: 600 });
  await cluster.api.delete("Pod", keyOf("deaf"));
  await cluster.api.delete("Pod", keyOf("deaf"), { gracePeriodSeconds: 1 });
  await until("deleted", () => isGone("deaf"));
  assert.ok(!isAlive(pid));
});

test("changes of a pod that is being deleted do not lengthen its grace", async () => {
  // Long enough for more than ten changes, also when the machine stalls meanwhile.
  await startPod("nagged", "deaf", "ready", { terminationGracePeriodSeconds: 5 });
  await cluster.api.delete("Pod", keyOf("nagged"));
  let changes = 0;
  await until("deleted", async () => {
    try {
      await cluster.api.patch("Pod", keyOf("nagged"), { metadata: { annotations: { changes: String(changes) } } });
      changes++;
      return false;
    } catch (error) {
      if (isApiError(error, "NotFound")) return true;
      throw error;
    }
  });
  assert.ok(changes > 10);
});

test("a stopped process is killed too, with all that it started", async () => {
  const pid = await startPod("family", "family", "child", { terminationGracePeriodSeconds: 1 });
  const child = Number(/child (\d+)/.exec(await cluster.api.logs(keyOf("family")))?.[1]);
  process.kill(pid, "SIGSTOP");
  await cluster.api.delete("Pod", keyOf("family"));
  await until("deleted", () => isGone("family"));
  await until("its child is dead", async () => !isAlive(child) && !isAlive(pid));
});

test("a finalizer keeps the object, which shows how the container ended, and the set makes no other", async () => {
  const set = buildSet("kept", 1);
  await cluster.api.create("StatefulSet", set);
  const pod = await podWhen(cluster, "kept-0", "ready", isReady);
  await cluster.api.patch("Pod", keyOf("kept-0"), { metadata: { finalizers: ["test/hold"] } });
  await cluster.api.delete("Pod", keyOf("kept-0"));
  const ended = await podWhen(cluster, "kept-0", "ended", (each) => containerOf(each)?.state?.terminated !== undefined);
  assert.equal(containerOf(ended)?.state?.terminated?.exitCode, 143);
  assert.equal(ended.status?.phase, "Failed");
  assert.equal(cluster.kubelet.pidOf(keyOf("kept-0")), null);
  await cluster.api.patch("Pod", keyOf("kept-0"), { metadata: { finalizers: null } });
  const next = await podWhen(
    cluster,
    "kept-0",
    "the next one",
    (each) => isReady(each) && each.metadata.uid !== pod.metadata.uid,
  );
  assert.equal(containerOf(next)?.restartCount, 0);
});

test("a pod deleted by force has its process killed, and its successor starts after that (PW3, KU2)", async () => {
  const container = { args: ["deaf"] };
  await cluster.api.create("StatefulSet", buildSet("forced", 1, { container }));
  await logWith(cluster, "forced-0", "ready");
  const pid = cluster.kubelet.pidOf(keyOf("forced-0"));
  assert.ok(pid !== null);
  await cluster.api.delete("Pod", keyOf("forced-0"), { gracePeriodSeconds: 0 });
  const next = await until("another process", async () => {
    const now = cluster.kubelet.pidOf(keyOf("forced-0"));
    return now !== null && now !== pid && now;
  });
  assert.ok(!isAlive(pid) && isAlive(next));
});

test("a set that is scaled down or deleted takes its pods along", async () => {
  await cluster.api.create("StatefulSet", buildSet("less", 3));
  await podWhen(cluster, "less-2", "ready", isReady);
  await cluster.api.patch("StatefulSet", keyOf("less"), { spec: { replicas: 1 } });
  await until("two are gone", async () => (await isGone("less-2")) && (await isGone("less-1")));
  assert.ok(!(await isGone("less-0")));
  await cluster.api.delete("StatefulSet", keyOf("less"));
  await until("the last is gone", () => isGone("less-0"));
});

test("a lost pod's process lives on when its object is deleted by force, away from its successor (PW4)", async () => {
  const container = { args: ["patient", "0.0.0.0:6123"] };
  await cluster.api.create("StatefulSet", buildSet("lost", 1, { container }));
  const first = await podWhen(cluster, "lost-0", "ready", isReady);
  const address = await cluster.kubelet.addressOf(NAMESPACE, "lost-0.peers", 6123);
  const pid = cluster.kubelet.abandon(keyOf("lost-0"));
  assert.ok(pid !== null && address !== null);
  await cluster.api.delete("Pod", keyOf("lost-0"));
  await cluster.api.delete("Pod", keyOf("lost-0"), { gracePeriodSeconds: 0 });
  await podWhen(
    cluster,
    "lost-0",
    "its successor",
    (each) => isReady(each) && each.metadata.uid !== first.metadata.uid,
  );
  assert.ok(isAlive(pid));
  assert.notEqual(cluster.kubelet.pidOf(keyOf("lost-0")), pid);
  assert.notEqual(await cluster.kubelet.addressOf(NAMESPACE, "lost-0.peers", 6123), address);
});

test("a pod's files go with it", async () => {
  const volumes = [{ name: "work", emptyDir: {} }];
  const container = { volumeMounts: [{ name: "work", mountPath: "/work" }] };
  await startPod("files", "patient", "", { volumes, container });
  const folders = (): string[] => readdirSync(join(cluster.folder, "pods")).filter((name) => name.includes("_files_"));
  assert.equal(folders().length, 1);
  await cluster.api.delete("Pod", keyOf("files"));
  await until("its folder is gone", async () => folders().length === 0);
});

test("a kubelet that stops ends its processes and leaves the pods; the next one starts them again", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kubelet-restart-"));
  const other = await openLocalApiServer({ clock: systemClock, random: systemRandom });
  const first = await startCluster({ api: other, folder, programs });
  await other.create("StatefulSet", buildSet("again", 1));
  await podWhen(first, "again-0", "ready", isReady);
  const pid = first.kubelet.pidOf(keyOf("again-0"));
  await first.stop();
  assert.ok(pid !== null && !isAlive(pid));
  assert.deepEqual(readdirSync(join(folder, "children")), []);
  const second = await startCluster({ api: other, folder, programs });
  t.after(async () => {
    await second.stop();
    await other.close();
    rmSync(folder, { recursive: true });
  });
  const pod = await podWhen(
    second,
    "again-0",
    "restarted",
    (each) => containerOf(each)?.restartCount === 1 && isReady(each),
  );
  assert.equal(containerOf(pod)?.lastState?.terminated?.exitCode, 137);
});

const CONTROL_PLANE = `
const { startCluster, buildSet, podWhen, isReady, keyOf, shell, script } = await import(process.env.RIG);
const { openLocalApiServer } = await import(process.env.SERVER);
const { openFileObjectLog } = await import(process.env.LOG);
const { systemClock: clock, systemRandom: random, silentLog: log } = await import(process.env.BASE);
const folder = process.env.FOLDER;
const objectLog = openFileObjectLog({ folder: folder + "/objects", log });
const api = await openLocalApiServer({ clock, random, objectLog });
const programs = { leashed: script("process.stdin.resume().on('end', () => process.exit()); setInterval(() => {}, 1e6)"),
  patient: shell("exec sleep 600") };
const cluster = await startCluster({ api, folder, programs });
const pids = [];
for (const name of ["patient", "leashed"]) {
  await api.create("StatefulSet", buildSet(name, 1, { program: name }));
  await podWhen(cluster, name + "-0", "ready", isReady);
  pids.push(cluster.kubelet.pidOf(keyOf(name + "-0")));
}
const { readdirSync } = await import("node:fs");
while (readdirSync(folder + "/children").length < 2) await new Promise((r) => setTimeout(r, 2));
console.log(JSON.stringify(pids));
`;

test("after a kill -9 of the control plane the next one ends what was left, and starts each pod once (KU1)", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "control-plane-"));
  const url = (path: string): string => new URL(path, import.meta.url).href;
  const plane = spawn(process.execPath, ["--input-type=module", "-e", CONTROL_PLANE], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      FOLDER: folder,
      RIG: url("./cluster-rig.test-support.ts"),
      SERVER: url("../api-server/local-api-server.ts"),
      LOG: url("../api-server/file-object-log.ts"),
      BASE: url("../../base/index.ts"),
    },
  });
  const [line] = await once(plane.stdout, "data");
  const [patientPid = 0, leashedPid = 0] = JSON.parse(String(line));
  plane.kill("SIGKILL");
  await once(plane, "exit");
  await until("the leash ends a process that holds it", async () => !isAlive(leashedPid));
  assert.ok(isAlive(patientPid), "one that does not hold it is left");

  const base = { clock: systemClock, random: systemRandom, log: silentLog };
  const objectLog = openFileObjectLog({ folder: join(folder, "objects"), log: silentLog });
  const api = await openLocalApiServer({ ...base, objectLog });
  const next = await startCluster({
    api,
    folder,
    programs: { patient, leashed: script("setInterval(() => {}, 1e6)") },
  });
  t.after(async () => {
    await next.stop();
    await api.close();
    rmSync(folder, { recursive: true });
  });
  for (const name of ["patient-0", "leashed-0"]) {
    await podWhen(next, name, "restarted", (pod) => containerOf(pod)?.restartCount === 1 && isReady(pod));
  }
  assert.ok(!isAlive(patientPid));
});
