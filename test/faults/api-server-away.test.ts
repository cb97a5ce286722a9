/**
 * FAS1 While the API server is away only the JobManager itself is asked what its job does.
 */
import "./on-kubernetes.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../base/index.ts";
import { type IncarnationMessage, incarnationSchema } from "../../contract/index.ts";
import { skipWithoutCluster } from "../environment/index.ts";
import { sharedCluster } from "../promises/kubernetes-rig-cluster.ts";
import { NAMESPACE, type Rig, withRig } from "../promises/rig.ts";
import { OperatorCalls } from "./operator-calls.ts";
import { podUids, RATE } from "./pods-of-job.ts";

const isAll = process.env["STREAMJOB_ALL"] === "1";
/** While it is away: of a job that takes three in a second. */
const CHECKPOINTS = isAll ? 400 : 50;
/** Of the operator, before it is believed to go on trying. */
const FAILURES = 6;
/** Of objects; each may be listed once in a second (LW2), with its watch. */
const KINDS = 12;
/** Of which every one may be asked for at once, when it is back. */
const AT_ONCE = 60;

/** Of incarnation 1, past the API server. */
async function jobManagerOf(rig: Rig): Promise<() => Promise<IncarnationMessage | null>> {
  const address = await rig.cluster.addressOf(`wc-1-jobmanager-0.wc-1.${NAMESPACE}.svc`, 8081);
  assert.ok(address !== null);
  return async () => {
    try {
      return incarnationSchema.parse(await (await fetch(`http://${address}/v1/streamjob/incarnation`)).json());
    } catch {
      return null; // it is started again
    }
  };
}

async function killApiServer(): Promise<void> {
  await (await sharedCluster()).failures.stop("kube-apiserver", "SIGKILL");
}

async function startApiServer(): Promise<void> {
  await (await sharedCluster()).failures.start("kube-apiserver");
}

describe("a control plane that goes away", { skip: await skipWithoutCluster() }, () => {
  it("leaves the job running, which heals itself; the operator waits without a storm, makes nothing twice, and goes on", () => {
    const operator = new OperatorCalls();
    return withRig("api-away", { rate: RATE, operatorApi: operator.between }, async (rig) => {
      await rig.apply(rig.manifest());
      await rig.ready();
      const pods = await podUids(rig);
      const jobManager = await jobManagerOf(rig);
      const taskManager = await rig.pid("taskmanager-0");
      const more = async (checkpoints: number): Promise<void> => {
        const before = (await jobManager())?.completedCheckpoints ?? 0;
        const isSo = async (): Promise<boolean> =>
          ((await jobManager())?.completedCheckpoints ?? 0) >= before + checkpoints;
        await rig.until(`${checkpoints} more checkpoints`, isSo, 1_200_000);
      };

      const [from, sinceMs] = [operator.calls.length, systemClock.monotonicMs()];
      await killApiServer();
      await more(CHECKPOINTS);
      process.kill(taskManager ?? 0, "SIGKILL");
      await rig.until("the job to recover", async () => ((await jobManager())?.job?.restarts ?? 0) > 0);
      await more(5);
      await rig.moreLines();
      await rig.until("the operator to try on", () => operator.failures >= FAILURES);
      await startApiServer();
      await rig.lookAgain();
      await rig.until("the operator to know of the recovery", async () => ((await rig.status()).restarts ?? 0) > 0);
      await rig.ready();
      const seconds = (systemClock.monotonicMs() - sinceMs) / 1000;
      const calls = operator.calls.length - from;
      assert.ok(calls <= AT_ONCE + 2 * KINDS * seconds, `${calls} calls in ${seconds} s`);
      assert.deepEqual(operator.writesSince(from), [], "something was made or taken away");
      assert.deepEqual([await podUids(rig), (await rig.status()).incarnations], [pods, 1]);

      await rig.apply(rig.manifest({ restartNonce: 1 }));
      await rig.ready();
      assert.deepEqual([(await rig.status()).incarnations, rig.relay.triggerCount()], [2, 1]);
      await rig.assertExact();
    });
  });

  if (!isAll) return;

  const warm = ["Standby", "Stopping", "Activating"].map((step) => ({ step, standby: "warm" as const }));
  const cold = ["Terminating"].map((step) => ({ step, standby: "cold" as const }));

  it("in any step of an upgrade: it is finished after its return, with one savepoint and one incarnation each", () => {
    const operator = new OperatorCalls();
    return withRig("api-steps", { rate: RATE, operatorApi: operator.between }, async (rig) => {
      await rig.apply(rig.manifest());
      await rig.ready();
      for (const [place, { step, standby }] of [...warm, ...cold].entries()) {
        const gone = operator.at(step, killApiServer);
        await rig.apply(rig.manifest({ restartNonce: place, upgrade: { standby } }));
        await gone;
        const failures = operator.failures;
        await rig.until("the operator to try on", () => operator.failures >= failures + FAILURES);
        await startApiServer();
        await rig.ready();
        const { incarnations, failed } = await rig.status();
        assert.deepEqual([incarnations, failed, rig.relay.triggerCount()], [place + 2, undefined, place + 1], step);
        rig.assertUnbroken();
      }
      await rig.assertExact();
    });
  });

  it("with its etcd, and without its history when it is back: an upgrade under way is finished, changes that came meanwhile are found", () => {
    const operator = new OperatorCalls();
    return withRig("etcd-away", { rate: RATE, operatorApi: operator.between }, async (rig) => {
      const { failures } = await sharedCluster();
      await rig.apply(rig.manifest());
      await rig.ready();

      // etcd alone, with the API server waiting for it.
      const restarted = operator.at("Stopping", () => failures.restart("etcd"));
      await rig.apply(rig.manifest({ restartNonce: "etcd" }));
      await restarted;
      await failures.untilServing("kube-apiserver");
      await rig.ready();
      assert.equal((await rig.status()).incarnations, 2);

      // Both, for a while, and then another time with what was forgotten.
      const gone = operator.at("Stopping", async () => {
        await killApiServer();
        await failures.stop("etcd", "SIGKILL");
      });
      await rig.apply(rig.manifest({ restartNonce: "both" }));
      await gone;
      const failed = operator.failures;
      await rig.until("the operator to try on", () => operator.failures >= failed + FAILURES);
      await failures.start("etcd");
      await startApiServer();
      await rig.cluster.compactHistory();
      await rig.ready();
      assert.equal((await rig.status()).incarnations, 3);
      await rig.apply(rig.manifest({ restartNonce: "after", parallelism: 1 }));
      await rig.ready();
      assert.deepEqual([(await rig.status()).incarnations, rig.relay.triggerCount()], [4, 3]);
      await rig.assertExact();
    });
  });
});
