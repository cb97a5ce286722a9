/**
 * Owns: what pods of a real cluster have to last: their store on a disk that fills, garbage on each of their ports, from inside the cluster and
 * from who has a certificate. What a full disk of the API server leads to is etcd's affair there.
 * Called by: p39-garbage-and-full-disk.test.ts, which does the same on a laptop.
 *
 * POD39 That no process ended is shown by the pods' processes and uids, and by their restarts as the kubelet counts them.
 */
import assert from "node:assert/strict";
import { seededRandom } from "../../base/index.ts";
import { garbageRequest, sendAll } from "../integration/garbage.ts";
import { figure } from "./figures.ts";
import { listeningPorts } from "./listening-ports.ts";
import { NAMESPACE, type Rig, withRig } from "./rig.ts";

const SEED = 39;
/** A port. */
const REQUESTS = 60;
const DISK_BYTES = 6 * 1024 * 1024;
const PODS = ["wc-1-jobmanager-0", "wc-1-taskmanager-0"] as const;
const NODE = "node-a";

/** POD39 */
async function processes(rig: Rig): Promise<readonly unknown[]> {
  return Promise.all(
    PODS.map(async (name) => {
      const key = { namespace: NAMESPACE, name };
      const pod = await rig.api.get("Pod", key);
      const restarts = pod?.status?.containerStatuses?.map(({ restartCount }) => restartCount);
      return { name, uid: pod?.metadata.uid, pid: await rig.cluster.pidOf(key), restarts };
    }),
  );
}

async function failedCheckpoints(rig: Rig): Promise<number> {
  const { jobId } = await rig.status();
  const text = await rig.rest(`/v1/jobs/${jobId}/checkpoints`);
  return (JSON.parse(text ?? "{}") as { counts?: { failed: number } }).counts?.failed ?? 0;
}

/** Every port of both pods, by its address; and what only who has a certificate comes to. Gives how many ports. */
async function sendGarbage(rig: Rig): Promise<number> {
  const random = seededRandom(SEED);
  const garbage = (): Buffer[] => [
    Buffer.from("GET // HTTP/1.1\r\nHost: a\r\n\r\n"),
    ...Array.from({ length: REQUESTS }, () => garbageRequest({ random })),
  ];
  let ports = 0;
  for (const name of PODS) {
    const key = { namespace: NAMESPACE, name };
    const [pod, pid] = [await rig.api.get("Pod", key), await rig.cluster.pidOf(key)];
    assert.ok(pid !== null);
    const host = pod?.status?.podIP;
    assert.ok(host !== undefined);
    for (const port of listeningPorts(pid)) {
      await sendAll(port, garbage(), host);
      ports++;
    }
  }
  const address = await rig.cluster.addressOf(`${PODS[0]}.wc-1.${NAMESPACE}.svc`, 8081);
  const [host, port] = (address ?? "").split(":");
  await sendAll(Number(port), garbage(), host);
  return ports + 1;
}

export const podsLast = (): Promise<void> =>
  withRig("s39", {}, async (rig) => {
    const { failures } = await (await import("./kubernetes-rig-cluster.ts")).sharedCluster();
    const store = rig.workspace.path("checkpoints");
    await failures.mountSmallDisk(NODE, store, DISK_BYTES);
    const onNode = { podTemplate: { spec: { nodeSelector: { "kubernetes.io/hostname": NODE } } } };
    await rig.apply(rig.manifest({ jobManager: onNode, taskManager: onNode }));
    await rig.ready();
    const before = await processes(rig);
    const ports = await sendGarbage(rig);
    assert.ok(ports >= 5, `RPC, REST, metrics and data ports are expected; found ${ports}`);
    await rig.moreCheckpoints(2);
    assert.deepEqual(await processes(rig), before, "the same processes as before the garbage");

    const failed = await failedCheckpoints(rig);
    const filler = `${store}/filler`;
    await assert.rejects(failures.within(NODE, "dd", "if=/dev/zero", `of=${filler}`, "bs=512"), /No space left/);
    await rig.until("failed checkpoints", async () => (await failedCheckpoints(rig)) >= failed + 2);
    await failures.within(NODE, "rm", filler);
    await rig.moreCheckpoints(2);
    await rig.ready();
    assert.deepEqual(await processes(rig), before, "the same processes as before the disk was full");
    figure("P-39", `garbage on ${ports} ports, a full disk, 0 restarts`);
    await rig.assertExact();
  });
