import assert from "node:assert/strict";
import { it } from "node:test";
import { parseTime } from "../../crds/index.ts";
import { systemClock } from "../../base/index.ts";
import { incarnationSchema } from "../../contract/index.ts";
import { figure } from "./figures.ts";
import type { Verdict } from "./jobmanager-relay.ts";
import { PodTimeline } from "./pod-timeline.ts";
import { type Rig, withRig } from "./rig.ts";
import { isOnKubernetes } from "./rig-cluster.ts";

const OLD = "wc-1-jobmanager-0";
const NEW = "wc-2-jobmanager-0";
/** How often an operator looks in vain before it is believed to leave things alone. */
const LOOKS = 4;
/** Several times the deployTimeout of that test. */
const LONG_OVER_MS = 4000;
/** How long operators of these tests wait for a JobManager: TLS and a network of its own take their time. */
const operator = { jobManagersDeadlineMs: isOnKubernetes ? 2000 : 250 };

/** Longer than a look takes: what it decided would else be outdated each time. */
const LOOK_EVERY_MS = operator.jobManagersDeadlineMs + 350;

/** Looks on until it is so; an operator at rest would look every five seconds only. */
async function looking(rig: Rig, what: string, isSo: () => Promise<boolean>): Promise<void> {
  let lookedMs = Number.NEGATIVE_INFINITY;
  await rig.until(what, async () => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - lookedMs >= LOOK_EVERY_MS) {
      lookedMs = nowMs;
      await rig.lookAgain();
    }
    return isSo();
  });
}

/** Waits until an operator has asked that many times more and got no answer that it can use. */
async function looksInVain(rig: Rig, pod: string): Promise<void> {
  const asked = (): number =>
    rig.relay.calls.filter((call) => call.pod === pod && call.path.endsWith("/incarnation")).length;
  const before = asked();
  await looking(rig, `${LOOKS} looks in vain`, async () => asked() >= before + LOOKS);
}

it("P-11 a JobManager that cannot be reached, talks nonsense or stands still is not taken for stopped: nothing goes, nothing else begins", () =>
  withRig("s11", { operator }, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    const pods = await PodTimeline.open(rig);
    const pid = await rig.pid("jobmanager-0");
    assert.ok(pid !== null);
    const ways: Readonly<Record<string, { begin(): void; end(): void }>> = {
      cut: { begin: () => rig.relay.cut.add(OLD), end: () => rig.relay.cut.clear() },
      nonsense: {
        begin: () => rig.relay.onAnswer(() => ({ status: 200, answer: "<html>login</html>" })),
        end: () => rig.relay.onAnswer(null),
      },
      anotherJob: {
        begin: () =>
          rig.relay.onAnswer(({ answer }) => ({
            status: 200,
            answer: (answer ?? "").replace(/"jobId":"[0-9a-f]{32}"/, `"jobId":"${"0".repeat(32)}"`),
          })),
        end: () => rig.relay.onAnswer(null),
      },
      still: { begin: () => process.kill(pid, "SIGSTOP"), end: () => process.kill(pid, "SIGCONT") },
    };
    for (const [way, { begin, end }] of Object.entries(ways)) {
      begin();
      await looking(rig, `it to be unknown whether the job runs (${way})`, async () => {
        const running = await rig.condition("JobRunning");
        return running?.status === "Unknown" && running.reason === "Unreachable";
      });
      await looksInVain(rig, OLD);
      const { active, operation, incarnations } = await rig.status();
      assert.deepEqual([active?.incarnation, operation, incarnations], [1, undefined, 1], way);
      assert.equal((await rig.condition("JobRunning"))?.status, "Unknown", way);
      end();
      await looking(rig, `it to be seen again (${way})`, async () => (await rig.condition("Ready"))?.status === "True");
    }
    assert.deepEqual([pods.doomed, pods.made], [[], []]);
    pods.close();
    figure("P-11", `${Object.keys(ways).length} ways to be unreachable, 0 deletions`);
    await rig.assertExact();
  }));

it("P-11 an upgrade of a job that cannot be reached gets ready, and waits: the old job runs on, the new one is not let run", () =>
  withRig("s11-upgrade", { operator }, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    const pods = await PodTimeline.open(rig);
    rig.relay.cut.add(OLD);
    await rig.apply(rig.manifest({ parallelism: 1 }));
    await rig.until("the upgrade to be blocked", async () => {
      const blocked = await rig.condition("UpgradeBlocked");
      return blocked?.status === "True" && blocked.reason === "NoSavepoint";
    });
    await looksInVain(rig, OLD);
    await rig.moreCheckpoints(2);
    const { active, operation } = await rig.status();
    assert.deepEqual([active?.incarnation, operation?.step, operation?.to], [1, "Stopping", 2]);
    assert.equal((await rig.incarnation(2))?.activation, null);
    assert.deepEqual([pods.doomed, rig.relay.triggerCount()], [[], 0]);
    rig.relay.cut.clear();
    await rig.ready();
    assert.equal((await rig.status()).active?.incarnation, 2);
    assert.equal(rig.relay.triggerCount(), 1);
    pods.close();
    await rig.assertExact();
  }));

it("P-11 a new version that cannot be reached after its activation is not taken for failed, however late it is", () =>
  withRig("s11-new", { operator }, async (rig) => {
    await rig.apply(rig.manifest());
    await rig.ready();
    await rig.until("a version to go back to", async () => (await rig.status()).stable !== undefined);
    const pods = await PodTimeline.open(rig);
    // All that the operator hears of it is that it is active and has completed nothing yet; and nothing any more once that is on record.
    rig.relay.onAnswer(async ({ pod, path, answer }): Promise<Verdict> => {
      if (pod !== NEW || !path.endsWith("/incarnation") || answer === null) return "pass";
      if ((await rig.status()).operation?.step === "Proving") rig.relay.cut.add(NEW);
      const said = incarnationSchema.parse(JSON.parse(answer));
      const young = { ...said, completedCheckpoints: 0, firstCheckpointMs: null, lastCheckpoint: null };
      return { status: 200, answer: JSON.stringify(young) };
    });
    const deployTimeout = "1s";
    await rig.apply(rig.manifest({ parallelism: 1, upgrade: { ...rig.manifest().spec.upgrade, deployTimeout } }));
    await rig.until("nobody to get through to the new version any more", () => rig.relay.cut.has(NEW));
    await looking(rig, "its time to be long over", async () => {
      const { operation } = await rig.status();
      return operation?.step === "Proving" && systemClock.nowMs() - parseTime(operation.stepSince) > LONG_OVER_MS;
    });
    await looksInVain(rig, NEW);
    const { active, incarnations } = await rig.status();
    assert.deepEqual([active?.incarnation, incarnations], [2, 2]);
    assert.deepEqual(
      pods.doomed.filter((name) => name.startsWith("wc-2-")),
      [],
    );
    // Else the first answer would say that its time is over and that it has proved nothing.
    await rig.until("its first checkpoint", async () => ((await rig.incarnation(2))?.completedCheckpoints ?? 0) > 0);
    rig.relay.onAnswer(null);
    rig.relay.cut.clear();
    await looking(rig, "it to be Ready", async () => (await rig.condition("Ready"))?.status === "True");
    assert.equal((await rig.status()).active?.incarnation, 2);
    pods.close();
    await rig.assertExact();
  }));
