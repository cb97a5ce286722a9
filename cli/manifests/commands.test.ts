import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { APPROVE_ANNOTATION, PAUSED_ANNOTATION, ROLLBACK_TO_ANNOTATION } from "../../crds/index.ts";
import { isApiError } from "../../operator/kubernetes/api/index.ts";
import { revisionHash, runtimePart } from "../../operator/reconcile/index.ts";
import { controllerRevision } from "../../operator/engine/index.ts";
import { sleep, StreamError, systemClock } from "../../base/index.ts";
import { applyCommand } from "./apply-command.ts";
import {
  activeOf,
  AT,
  type CommandRig,
  createRig,
  manifest,
  operationOf,
  statusWith,
} from "./command-rig.test-support.ts";
import { deleteCommand } from "./delete-command.ts";
import { describeCommand } from "./describe-command.ts";
import { diffCommand } from "./diff-command.ts";
import { eventsCommand } from "./events-command.ts";
import { getCommand } from "./get-command.ts";
import { historyCommand } from "./history-command.ts";
import { isGone, readyAt, runsRevision } from "./job-goals.ts";
import { logsCommand } from "./logs-command.ts";
import type { JobCommand } from "./manifest-command.ts";
import { rollbackCommand } from "./rollback-command.ts";
import { endOf } from "./run-verdict.ts";
import { approveCommand, pauseCommand, restartCommand, resumeCommand, suspendCommand } from "./steer-jobs.ts";

const folder = mkdtempSync(join(tmpdir(), "commands-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "wc.json");

let rig: CommandRig;
beforeEach(async () => {
  rig = await createRig();
});
afterEach(() => rig.server.close());

const namespace = "default";
const of = { job: "wc", namespace };
const save = (text: string): void => writeFileSync(file, text);
const apply = (waitMs: number | null = null) =>
  applyCommand(rig, { kind: "apply", sources: [file], namespace, waitMs });
const diff = () => diffCommand(rig, { kind: "diff", sources: [file], namespace, output: "text" });
const get = (parts: Partial<JobCommand<"get">> = {}) =>
  getCommand(rig, { kind: "get", what: "jobs", name: null, namespace, output: "table", watch: false, ...parts });
const text = (): string => rig.out.splice(0).join("\n");

async function refused(action: Promise<unknown>, code: string, says: RegExp): Promise<void> {
  await assert.rejects(action, (error) => {
    assert.ok(error instanceof StreamError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    return true;
  });
}

/** The spec of the job as it is, kept as its first revision. */
async function keepRevision(number = 1): Promise<string> {
  const job = await rig.get("wc");
  const data = { generation: number, spec: runtimePart(job.spec) };
  const revision = controllerRevision(job, number, revisionHash(job.spec), data);
  await rig.api.create("ControllerRevision", revision);
  return revision.metadata.name;
}

describe("apply", () => {
  it("creates, leaves and changes", async () => {
    save(manifest());
    await apply();
    await apply();
    save(manifest("wc", { parallelism: 2 }));
    await apply();
    assert.deepEqual(rig.out, ["streamjob/wc created", "streamjob/wc unchanged", "streamjob/wc configured"]);
  });

  it("sends nothing while anything is wrong with anything (AO1)", async () => {
    save(`${manifest("good")}\n---\n${manifest("bad", { parallelism: 0 })}`);
    await refused(
      apply(),
      "MANIFEST_INVALID",
      /nothing was applied:\n {2}.*wc\.json:3:\d+ spec\.parallelism: is out of bounds/,
    );
    assert.equal(await rig.api.get("StreamJob", { namespace, name: "good" }), null);
  });

  it("finds what the API server would refuse of a change, with its place, before it sends", async () => {
    save(manifest("wc", { maxParallelism: 128 }));
    await apply();
    save(`${manifest("other")}\n---\n${manifest("wc", { maxParallelism: 256 })}`);
    await refused(apply(), "MANIFEST_INVALID", /wc\.json:3:\d+ spec\.?.*: /);
    assert.equal(await rig.api.get("StreamJob", { namespace, name: "other" }), null);
  });

  it("waits until the generation that it made is ready", async () => {
    save(manifest());
    const waiting = apply(10_000);
    while ((await rig.api.get("StreamJob", { namespace, name: "wc" })) === null) await new Promise(setImmediate);
    await rig.writeStatus("wc", statusWith(0, {}, ["Ready", "Ready", "the generation before"]));
    await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1") }, "Ready"));
    assert.equal(await waiting, 0);
    assert.match(text(), /wc: Ready it is/);
  });

  it("ends with 1 when a person is needed", async () => {
    save(manifest());
    await apply();
    await rig.writeStatus("wc", statusWith(1, {}, ["Stalled", "Refused", "no such module"]));
    assert.equal(await apply(10_000), 1);
    assert.match(rig.said.join("\n"), /wc: no such module/);
  });
});

describe("diff", () => {
  it("ends with 1 and says what a new job starts from", async () => {
    save(manifest());
    assert.equal(await diff(), 1);
    assert.match(text(), /streamjob\/wc:\n {2}new\n {2}- it is deployed, and starts without state/);
    assert.equal(await rig.api.get("StreamJob", { namespace, name: "wc" }), null, "nothing is sent");
  });

  it("ends with 0 when nothing changes, and says what is pending", async () => {
    save(manifest());
    await apply();
    await rig.writeStatus("wc", statusWith(1, {}, ["UpgradeBlocked", "AwaitingApproval", "waits for approval"]));
    text();
    assert.equal(await diff(), 0);
    assert.match(text(), /no change\n {2}- waits for approval/);
  });

  it("shows each field, its cost, and what happens", async () => {
    save(manifest());
    await apply();
    await rig.writeStatus("wc", statusWith(1, { active: activeOf(await keepRevision()), incarnations: 1 }, "Ready"));
    save(manifest("wc", { parallelism: 4 }));
    text();
    assert.equal(await diff(), 1);
    assert.match(
      text(),
      /parallelism +1 +-> +4 +rescale +state is redistributed\n[^]*Cost: rescale[^]*incarnation 2 is started beside 1/,
    );
    assert.equal((await rig.get("wc")).spec.parallelism, 1);
  });

  it("takes away a field that the manifest no longer has, and leaves one of somebody else (AO2)", async () => {
    save(manifest("wc", { taskManager: { replicas: 2 } }));
    await apply();
    await rig.server.as("kubectl").patch("StreamJob", { namespace, name: "wc" }, { spec: { maxParallelism: 64 } });
    save(manifest());
    text();
    await diff();
    const shown = text();
    assert.match(shown, /taskManager\.replicas +2 +-> +1 \(default\)/);
    assert.doesNotMatch(shown, /maxParallelism/);
  });

  it("compares with what runs when the spec was never rolled out (DIC2)", async () => {
    save(manifest());
    await apply();
    const revision = await keepRevision();
    save(manifest("wc", { parallelism: 2 }));
    await apply();
    await rig.writeStatus("wc", statusWith(2, { active: activeOf(revision) }, "Stalled"));
    save(manifest("wc", { parallelism: 3 }));
    text();
    await diff();
    assert.match(
      text(),
      /compared with the running generation 1; generation 2 is not rolled out\n[^]*parallelism +1 +-> +3/,
    );
  });
});

describe("get and describe", () => {
  it("show the columns of the custom resource", async () => {
    save(manifest());
    await apply();
    await rig.writeStatus("wc", statusWith(1, { phase: "Upgrading", operation: operationOf({}) }));
    text();
    await get();
    assert.match(
      text(),
      /^NAME +READY +STATE +PARALLELISM +CHECKPOINT +OPERATION +AGE\nwc +False +Upgrading +\(1\) +- +Standby +\d+s$/,
    );
    await get({ output: "wide" });
    assert.match(text(), /WHY/);
  });

  it("show the checkpoint of now, which the JobManager is asked for, and say when it does not answer (LIF1)", async () => {
    save(manifest());
    await apply();
    const ago = (ms: number): number => systemClock.nowMs() - ms;
    const written = { id: 3, time: new Date(ago(240_000)).toISOString(), path: "file:///old", sizeBytes: 1 };
    await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1"), lastCheckpoint: written }, "Ready"));
    const shown = async (): Promise<string> => {
      text();
      await get();
      await describeCommand(rig, { kind: "describe", ...of, output: "text" });
      return text();
    };
    rig.jobManagerAnswers({ lastCheckpoint: { id: 9, timeMs: ago(0), path: "file:///new", sizeBytes: 1 } });
    assert.match(await shown(), /^wc +True +\w+ +1 +\d+s +-[^]*Last checkpoint: +9, .*file:\/\/\/new$/m);
    rig.jobManagerAnswers(null);
    assert.match(
      await shown(),
      /^wc +True +\w+ +1 +4m\d*s?\? +-[^]*Last checkpoint: +3, .*file:\/\/\/old \(from the status: its JobManager does not answer/m,
    );
    // Another incarnation's JobManager, or one that has not been activated, knows nothing of this one's.
    rig.jobManagerAnswers({ activation: null });
    assert.match(await shown(), /Last checkpoint: +3, /);
    rig.jobManagerAnswers({});
    assert.doesNotMatch(await shown(), /Last checkpoint:/);
  });

  it("show what runs and what is wanted apart (LIF2)", async () => {
    save(manifest("wc", { parallelism: 2 }));
    await apply();
    const revision = await keepRevision();
    await rig.writeStatus("wc", statusWith(1, { active: activeOf(revision) }, "Ready"));
    rig.jobManagerAnswers({});
    text();
    await get();
    assert.match(text(), /^wc +True +\w+ +2 /m);
    save(manifest("wc", { parallelism: 3 }));
    await apply();
    await get();
    await describeCommand(rig, { kind: "describe", ...of, output: "text" });
    assert.match(
      text(),
      /^wc +Unknown +\w+ +2 -> 3 [^]*Runs: +generation 1 .*, parallelism 2$[^]*Parallelism: +3, on/m,
    );
    const ended = { status: "FINISHED" as const, at: AT, savepoint: null, message: "over" };
    await rig.writeStatus("wc", statusWith(2, { active: activeOf(revision, { ended }) }, "Ready"));
    await get();
    assert.match(text(), /^wc +True +\w+ +\(3\) /m);
  });

  it("show an object as a manifest that can be applied again", async () => {
    save(manifest());
    await apply();
    text();
    await get({ output: "name" });
    assert.equal(text(), "streamjob/wc");
    await get({ name: "wc", output: "json" });
    const shown = text();
    assert.doesNotMatch(shown, /managedFields/);
    save(shown);
    await apply();
    assert.equal(text(), "streamjob/wc unchanged");
  });

  it("say what there is when a name is wrong (NO1)", async () => {
    await refused(get({ name: "wc" }), "OBJECT_NOT_FOUND", /nor any other; create one with `streamjob apply/);
    save(manifest());
    await apply();
    await refused(get({ name: "wcc" }), "OBJECT_NOT_FOUND", /did you mean wc\?/);
    await refused(get({ name: "something" }), "OBJECT_NOT_FOUND", /existing: wc$/);
    await refused(
      get({ name: "wc", namespace: "shop" }),
      "OBJECT_NOT_FOUND",
      /one in namespace default: add -n default/,
    );
  });

  it("describe a job with all that belongs to it", async () => {
    save(manifest());
    await apply();
    await rig.writeStatus(
      "wc",
      statusWith(1, { active: activeOf("wc-1"), operation: operationOf({ message: "waiting for pods" }) }, "Ready"),
    );
    text();
    await describeCommand(rig, { kind: "describe", ...of, output: "text" });
    const shown = text();
    for (const part of [/^Name: +wc/m, /Waits for: +waiting for pods/, /Ready +True/, /Job: +\/jobs\/wc\.ts/])
      assert.match(shown, part);
    await eventsCommand(rig, { kind: "events", job: "wc", namespace, watch: false, output: "text" });
    assert.match(rig.said.join(), /No events about wc/);
  });
});

describe("steering", () => {
  beforeEach(async () => {
    save(manifest());
    await apply();
  });

  it("suspends and resumes by one field, which a manifest without it leaves (SJ1)", async () => {
    await suspendCommand(rig, { kind: "suspend", ...of, waitMs: null });
    await apply();
    assert.equal((await rig.get("wc")).spec.state, "suspended");
    await resumeCommand(rig, { kind: "resume", ...of, waitMs: null });
    assert.equal((await rig.get("wc")).spec.state, "running");
    assert.equal((await rig.get("wc")).metadata.generation, 3);
  });

  it("restarts by a new nonce each time, and counts on where it is a counter", async () => {
    await restartCommand(rig, { kind: "restart", ...of, waitMs: null });
    const first = (await rig.get("wc")).spec.restartNonce;
    assert.equal(typeof first, "string");
    await rig.api.patch("StreamJob", { namespace, name: "wc" }, { spec: { restartNonce: 7 } });
    await restartCommand(rig, { kind: "restart", ...of, waitMs: null });
    assert.equal((await rig.get("wc")).spec.restartNonce, 8);
  });

  it("pauses and goes on", async () => {
    await pauseCommand(rig, { kind: "pause", ...of });
    assert.equal((await rig.get("wc")).metadata.annotations?.[PAUSED_ANNOTATION], "true");
    await pauseCommand(rig, { kind: "unpause", ...of });
    assert.equal((await rig.get("wc")).metadata.annotations?.[PAUSED_ANNOTATION], undefined);
  });

  it("approves only what waits for it", async () => {
    await approveCommand(rig, { kind: "approve", ...of });
    assert.equal((await rig.get("wc")).metadata.annotations?.[APPROVE_ANNOTATION], undefined);
    await rig.writeStatus("wc", statusWith(1, {}, ["UpgradeBlocked", "AwaitingApproval", "it waits"]));
    await approveCommand(rig, { kind: "approve", ...of });
    assert.equal((await rig.get("wc")).metadata.annotations?.[APPROVE_ANNOTATION], "1");
  });

  it("rolls back to the last stable revision before the one that runs, or to a number", async () => {
    const first = await keepRevision(1);
    save(manifest("wc", { parallelism: 2 }));
    await apply();
    const second = await keepRevision(2);
    const rollback = (to: string | null) => rollbackCommand(rig, { kind: "rollback", ...of, to, waitMs: null });
    await refused(rollback(null), "JOB_STATE_CONFLICT", /does not run/);
    await rig.writeStatus(
      "wc",
      statusWith(2, { active: activeOf(second, { generation: 2 }), stable: { generation: 1, revision: first } }),
    );
    await rollback(null);
    assert.equal((await rig.get("wc")).metadata.annotations?.[ROLLBACK_TO_ANNOTATION], first);
    text();
    await rollback("2");
    assert.match(text(), /already runs /);
    await refused(rollback("9"), "OBJECT_NOT_FOUND", /no revision "9".*history wc/);
    await historyCommand(rig, { kind: "history", ...of, output: "text" });
    assert.match(text(), new RegExp(`2 +${second} +2 +runs, current spec\n1 +${first} +1 +stable`));
  });

  it("does not say that a rollback happens which will not (IW1)", async () => {
    const [first, second] = [await keepRevision(1), "wc-second"];
    const rollback = () => rollbackCommand(rig, { kind: "rollback", ...of, to: "1", waitMs: null });
    const running = { active: activeOf(second, { generation: 2 }) };
    const failed = { generation: 1, revision: first, reason: "it threw" };
    await rig.writeStatus("wc", statusWith(2, { ...running, failed }));
    await refused(
      rollback(),
      "JOB_STATE_CONFLICT",
      /cannot be rolled back.*marked as failed \(it threw\).*restartNonce/,
    );
    assert.equal((await rig.get("wc")).metadata.annotations?.[ROLLBACK_TO_ANNOTATION], undefined);
    await rig.writeStatus("wc", statusWith(2, { active: activeOf(first), operation: operationOf({}) }));
    await rollback();
    assert.match(text(), /still runs .*the upgrade to generation 2 is in progress/);
    await rig.writeStatus("wc", statusWith(2, running));
    await pauseCommand(rig, { kind: "pause", ...of });
    await rollback();
    assert.match(rig.said.join(), /wc is paused, so this waits for `streamjob unpause wc`/);
    await suspendCommand(rig, { kind: "suspend", ...of, waitMs: null });
    await refused(rollback(), "JOB_STATE_CONFLICT", /resume it first/);
  });

  it("says of a suspension what becomes of the job and its state (IW1)", async () => {
    const suspend = () => suspendCommand(rig, { kind: "suspend", ...of, waitMs: null });
    const resume = () => resumeCommand(rig, { kind: "resume", ...of, waitMs: null });
    const ended = { status: "FINISHED" as const, at: AT, savepoint: null, message: "done" };
    await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1", { ended }) }));
    await suspend();
    assert.match(text(), /has FINISHED and stays FINISHED/);
    await resume();
    save(manifest("wc", { upgrade: { mode: "stateless" } }));
    await apply();
    await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1") }));
    text();
    await suspend();
    assert.match(text(), /its state is discarded, because upgrade\.mode is stateless/);
    await rig.writeStatus("wc", statusWith(1, {}));
    await resume();
    assert.match(text(), /starting wc without state/);
  });

  it("says why a snapshot that is deleted stays (IW1)", async () => {
    const location = "file:///s/one";
    const remove = async (
      parts: Parameters<typeof statusWith>[1],
      finalizers: string[] = ["streamjob.dev/cleanup"],
    ) => {
      await rig.writeStatus("wc", statusWith(1, parts));
      const snapshot = await rig.api.create("StreamJobSnapshot", {
        apiVersion: "streamjob.dev/v1alpha1",
        kind: "StreamJobSnapshot",
        metadata: { name: "one", namespace, finalizers },
        spec: { jobRef: { name: "wc" } },
      });
      await rig.server.updateStatus("StreamJobSnapshot", { ...snapshot, status: { phase: "Completed", location } });
      text();
      await deleteCommand(rig, { kind: "delete", what: "snapshots", name: "one", namespace, waitMs: null });
      const shown = text();
      await rig.api
        .patch("StreamJobSnapshot", { namespace, name: "one" }, { metadata: { finalizers: null } })
        .catch((error: unknown) => assert.ok(isApiError(error, "NotFound")));
      return shown;
    };
    const running = activeOf("wc-1", { stableAt: AT });
    assert.equal(await remove({ active: running }), "snapshot one is deleted, with its savepoint's files");
    assert.match(await remove({}), /stays for now: only a running job deletes files, and wc does not run/);
    assert.equal(await remove({}, []), "snapshot one is deleted, with its savepoint's files");
    const resume = {
      kind: "path",
      path: location,
      allowNonRestoredState: false,
      revision: "wc-1",
      generation: 1,
      at: AT,
    };
    assert.match(await remove({ resume: resume as never }), /stays for now: wc resumes from it/);
    const upgrade = operationOf({ savepoint: { target: location, path: location } });
    assert.match(
      await remove({ active: running, operation: upgrade }),
      /stays for now: the upgrade of wc starts from it/,
    );
    save(manifest("wc", { restore: { snapshot: "one" } }));
    await apply();
    assert.match(await remove({ active: running }), /stays for now: spec\.restore of wc names it/);
  });

  it("deletes, waits for the end, and says what stays", async () => {
    const ended = deleteCommand(rig, { kind: "delete", what: "jobs", name: "wc", namespace, waitMs: 10_000 });
    assert.equal(await ended, 0);
    assert.match(text(), /wc is to be deleted; its checkpoints and savepoints stay\nwc: deleted/);
  });

  it("shows logs by component, and says which there are", async () => {
    const logs = (component: string) =>
      logsCommand(rig, { kind: "logs", ...of, component, follow: false, tailLines: null, previous: false });
    await refused(logs("jobmanager"), "OBJECT_NOT_FOUND", /no pod jobmanager; it has no pods now/);
    rig.server.serveLogs(async (pod) => `of ${pod.metadata.name}\nunfinished`);
    for (const [number, name] of [
      [1, "wc-1-jobmanager-0"],
      [2, "wc-2-jobmanager-0"],
      [2, "wc-2-taskmanager-0"],
    ] as const) {
      const component = name.includes("task") ? "taskmanager" : "jobmanager";
      const labels = {
        "streamjob.dev/job": "wc",
        "streamjob.dev/incarnation": String(number),
        "app.kubernetes.io/component": component,
      };
      await rig.api.create("Pod", {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace, labels },
        spec: { containers: [{ name: component, image: "streamjob:local" }] },
      });
    }
    await rig.writeStatus("wc", statusWith(1, { active: activeOf("wc-1") }));
    await logs("jobmanager");
    assert.match(text(), /of wc-1-jobmanager-0\nunfinished$/, "of the active incarnation");
    await logs("taskmanager-0");
    assert.match(text(), /of wc-2-taskmanager-0/);
    await refused(logs("taskmanager-1"), "OBJECT_NOT_FOUND", /there are jobmanager, taskmanager-0$/);

    let log = "one\ntwo\n";
    rig.server.serveLogs(async () => log);
    rig.out.length = 0;
    const ended = logsCommand(rig, { kind: "logs", ...of, component: "jobmanager", ...follow, tailLines: 0 });
    // The follower has read the log as soon as a line that came later is shown without those before.
    await untilShown(rig, () => (log += "same\n"));
    assert.ok(
      rig.out.every((line) => line === "same"),
      rig.out.join(),
    );
    rig.closeReader();
    assert.equal(await ended, 0, "a follower that nobody reads ends (LG3)");
  });
});

const follow = { follow: true, previous: false } as const;

async function untilShown(rig: CommandRig, write: () => void): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + 60_000;
  while (rig.out.length === 0) {
    assert.ok(systemClock.monotonicMs() < deadlineMs, "nothing was shown in 60 s");
    write();
    await sleep(systemClock, 20);
  }
}

describe("what is shown for a program", () => {
  const json = (): ReturnType<typeof JSON.parse> => JSON.parse(text());
  const output = "json" as const;

  it("is one value, of history, describe, events and diff", async () => {
    save(manifest());
    await apply();
    const revision = await keepRevision();
    await rig.writeStatus("wc", statusWith(1, { active: activeOf(revision), incarnations: 1 }, "Ready"));
    rig.jobManagerAnswers({});
    text();
    await historyCommand(rig, { kind: "history", ...of, output });
    assert.deepEqual(json().revisions, [{ number: 1, name: revision, generation: 1, is: ["runs", "current spec"] }]);
    await describeCommand(rig, { kind: "describe", ...of, output });
    const { job, runs, pods } = json();
    assert.deepEqual([job.kind, job.metadata.managedFields, runs.parallelism, pods], ["StreamJob", undefined, 1, []]);
    await eventsCommand(rig, { kind: "events", job: "wc", namespace, watch: false, output });
    assert.deepEqual(json(), { apiVersion: "v1", kind: "List", items: [] });
    save(manifest("wc", { parallelism: 4 }));
    assert.equal(await diffCommand(rig, { kind: "diff", sources: [file], namespace, output }), 1);
    const [item] = json().items;
    assert.deepEqual([item.kind, item.name, item.isChange, item.cost], ["StreamJob", "wc", true, "rescale"]);
    assert.equal(item.fields[0].field, "parallelism");
  });

  it("is YAML too", async () => {
    save(manifest());
    await apply();
    text();
    await describeCommand(rig, { kind: "describe", ...of, output: "yaml" });
    assert.match(text(), /^job:\n {2}apiVersion: streamjob\.dev[^]*\npods: \[\]\n/);
  });
});

describe("goals and ends", () => {
  const ended = (status: "FINISHED" | "FAILED") =>
    activeOf("wc-1", { ended: { status, at: AT, savepoint: null, message: "why" } });
  const jobWith = async (status: Parameters<CommandRig["writeStatus"]>[1]) => {
    save(manifest());
    await apply();
    return rig.writeStatus("wc", status);
  };

  it("an older look is never an answer (GO1, RV2)", async () => {
    const old = await jobWith(statusWith(1, { active: ended("FINISHED") }, "Ready"));
    assert.equal(readyAt(2)(old), null);
    assert.equal(endOf(old, 2), null);
    assert.equal(readyAt(1)(old)?.kind, "reached");
    assert.equal(endOf(old, 1), "finished");
  });

  it("a failed job has ended only when nobody starts it again (RV1)", async () => {
    assert.equal(endOf(await jobWith(statusWith(1, { active: ended("FAILED") })), 1), null);
    assert.equal(endOf(await jobWith(statusWith(1, { active: ended("FAILED") }, "Stalled")), 1), "failed");
    assert.equal(
      endOf(await jobWith(statusWith(1, { active: ended("FAILED"), operation: operationOf({}) }, "Stalled")), 1),
      null,
    );
  });

  it("a rollback is reached when that revision has a checkpoint, and failed when it was refused", async () => {
    const goal = runsRevision("wc-1", Date.parse(AT));
    assert.equal(goal(await jobWith(statusWith(1, { active: activeOf("wc-1") })))?.kind, "reached");
    assert.equal(goal(await jobWith(statusWith(1, { active: activeOf("wc-2") }))), null);
    const history = [
      { at: AT, incarnation: 3, generation: 1, revision: "wc-1", what: "refused", why: "state does not fit" },
    ];
    assert.deepEqual(goal(await jobWith(statusWith(1, { active: activeOf("wc-2"), history }))), {
      kind: "failed",
      message: "state does not fit",
    });
  });

  it("an object is gone also when another one has its name", async () => {
    const job = await jobWith(statusWith(1, {}));
    assert.equal(isGone(job.metadata.uid)(job), null);
    assert.equal(isGone("another")(job)?.kind, "reached");
  });
});
