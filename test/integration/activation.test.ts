/**
 * Incarnations of a job: standby, activation, taking over from a predecessor, and what a crash at any of these moments leads to; with
 * real JobManager and TaskManager processes. The oracle is what the files sink shows: exactly the reference's lines.
 */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { ActivationRequest, IncarnationMessage } from "../../contract/index.ts";
import { openStore } from "../../runtime/storage/index.ts";
import { exitOf, hexOf, IncarnationRun, type IncarnationRunOptions } from "./incarnation-run.ts";
import { jobArgs } from "./job-args.ts";
import { expectedLines } from "./jobs/word-count.ts";
import { assertNoneHidden, assertSameLines, readLines, visibleParts } from "./part-files.ts";
import { inWorkspace, type Workspace } from "./workspace.ts";

const MODULE = fileURLToPath(new URL("../promises/jobs/counted-words.ts", import.meta.url));
/** Minutes at that rate: no job comes to its end before the test has the rest given at once. */
const RECORDS = 60_000;
const RATE = 150;
const WORDS = 31;

function wordCount(
  workspace: Workspace,
  name: string,
  more: Partial<IncarnationRunOptions> = {},
): IncarnationRunOptions {
  const paths = { output: workspace.path("output"), hurry: workspace.path("hurry") };
  return { name, module: MODULE, args: jobArgs({ count: RECORDS, rate: RATE, words: WORDS, ...paths }), ...more };
}

/** Has the rest of the records given at once, and waits until the job has ended. */
function hurried(workspace: Workspace, run: IncarnationRun): Promise<IncarnationMessage> {
  writeFileSync(workspace.path("hurry"), "");
  return run.phase("ended");
}

async function assertExact(workspace: Workspace): Promise<void> {
  assertSameLines(readLines(workspace.path("output")), expectedLines(RECORDS, WORDS));
  await assertNoneHidden(workspace.path("output"));
}

const NONE = { from: { kind: "none" }, predecessors: [] } as const;

describe("an incarnation", () => {
  it("waits in standby, is activated once, runs, ends, and says so for as long as it lives and after a restart", () =>
    inWorkspace("activation", async (workspace) => {
      const run = await IncarnationRun.standby(workspace, wordCount(workspace, "one"));
      assert.deepEqual(await run.preflight({ kind: "none" }), { kind: "compatible", from: null });
      assert.equal(await run.activate(NONE), 200);
      assert.equal(await run.activate(NONE), 200);
      assert.equal(await run.activate(NONE, "another"), 409);
      const active = await run.proven();
      assert.equal(active.activation?.activationId, hexOf("activate one"));
      assert.ok((active.lastCheckpoint?.sizeBytes ?? 0) > 0 && active.completedCheckpoints > 0);
      const ended = await hurried(workspace, run);
      assert.deepEqual(ended.result, { status: "FINISHED", savepoint: null });
      await assertExact(workspace);
      await run.killJobManager();
      run.startJobManager();
      const again = await run.phase("ended");
      assert.deepEqual([again.result, again.job?.status], [ended.result, "FINISHED"]);
    }));

  it("goes on by itself when its JobManager dies after the activation, and waits when it dies before it (IC2)", () =>
    inWorkspace("activation-crash", async (workspace) => {
      const run = await IncarnationRun.make(workspace, wordCount(workspace, "one"));
      run.startTaskManagers();
      for (const failpoint of ["jm:before-activation", "jm:after-activation"]) {
        run.startJobManager(`${failpoint}=kill`);
        await run.phase("standby");
        await assert.rejects(run.activate(NONE));
        assert.equal(await exitOf(run.jobManager as ChildProcess), null);
      }
      run.startJobManager();
      const active = await run.proven();
      assert.equal(active.activation?.activationId, hexOf("activate one"));
      await run.killJobManager();
      run.startJobManager();
      const { completedCheckpoints, epoch } = await run.proven();
      assert.ok(completedCheckpoints >= 2 && epoch === 4, `${completedCheckpoints} checkpoints, epoch ${epoch}`);
      await hurried(workspace, run);
      await assertExact(workspace);
    }));

  it("is left as it is by SIGTERM, and by the end of the leash, and goes on when it is started again (PD1)", () =>
    inWorkspace("activation-closed", async (workspace) => {
      const run = await IncarnationRun.standby(workspace, wordCount(workspace, "one"));
      assert.equal(await run.activate(NONE), 200);
      await run.proven();
      const ends: readonly ((child: ChildProcess) => void)[] = [
        (child) => void child.kill("SIGTERM"),
        (child) => void child.stdin?.end(),
      ];
      for (const end of ends) {
        const children = [run.jobManager as ChildProcess, ...run.taskManagers.splice(0)];
        const startedMs = performance.now();
        for (const child of children) end(child);
        assert.deepEqual(await Promise.all(children.map(exitOf)), [0, 0]);
        workspace.note(`ended in ${Math.round(performance.now() - startedMs)} ms`);
        run.startTaskManagers();
        run.startJobManager();
        await run.proven();
      }
      await hurried(workspace, run);
      await assertExact(workspace);
    }));

  it("that cannot load its module, or find its state, stays to say why (IC3)", () =>
    inWorkspace("activation-refused", async (workspace) => {
      const broken = await IncarnationRun.make(workspace, {
        ...wordCount(workspace, "broken"),
        module: "/nowhere/job.ts",
      });
      broken.startJobManager();
      const refused = await broken.phase("refused");
      assert.equal(refused.error?.code, "JOB_MODULE_INVALID");
      assert.equal(await broken.activate(NONE), 409);
      const run = await IncarnationRun.standby(workspace, wordCount(workspace, "one"));
      const lost = latestOf(broken, null);
      const answer = await run.preflight(lost.from);
      assert.ok(answer.kind === "incompatible" && /no incarnation ever ran there/.test(answer.reasons.join()));
      assert.equal(await run.activate(lost), 200);
      const { error, job } = await run.phase("refused");
      assert.deepEqual([error?.code, job], ["RESTORE_REFUSED", null]);
      assert.deepEqual(readLines(workspace.path("output")), []);
    }));
});

describe("two incarnations of a job", () => {
  it("change places: the old one runs on until it is stopped with a savepoint at the path named, and the new one goes on from there", () =>
    inWorkspace("take-over", async (workspace) => {
      const [old, young] = await standbys(
        workspace,
        wordCount(workspace, "old"),
        wordCount(workspace, "young", { taskManagers: 2 }),
      );
      assert.equal(await old.activate(NONE), 200);
      await old.proven();
      assert.equal((await young.preflight(latestOf(old, null).from)).kind, "compatible");
      const target = workspace.path("savepoints", "mine");
      const triggerId = hexOf("stop");
      await old.stop(target, triggerId);
      assert.equal(await old.outcome(triggerId), `file://${target}`);
      const { result } = await old.phase("ended");
      assert.deepEqual(result, { status: "FINISHED", savepoint: `file://${target}` });
      const atStop = readLines(workspace.path("output")).length;
      const startedMs = performance.now();
      assert.equal(await young.activate(latestOf(old, target)), 200);
      await young.until("it runs", ({ job }) => job?.status === "RUNNING");
      workspace.note(`activated and running in ${Math.round(performance.now() - startedMs)} ms`);
      await young.proven();
      assert.ok(atStop < RECORDS, "the old incarnation finished before it was stopped");
      await hurried(workspace, young);
      await assertExact(workspace);
      // Fenced or not, it says what it ended with.
      await old.killJobManager();
      old.startJobManager();
      assert.equal((await old.phase("ended")).error?.code, "FENCED");
    }));

  it("the new one goes on from the newest checkpoint of one that was killed; killed at the fence, it does that again", () =>
    inWorkspace("take-over-killed", async (workspace) => {
      const old = await IncarnationRun.standby(workspace, wordCount(workspace, "old"));
      assert.equal(await old.activate(NONE), 200);
      await old.proven();
      await old.killAll();
      const young = await IncarnationRun.make(workspace, wordCount(workspace, "young"));
      young.startTaskManagers();
      young.startJobManager("jm:before-predecessor-fence=kill");
      await young.phase("standby");
      await young.activate(latestOf(old, null)).catch(() => undefined);
      await exitOf(young.jobManager as ChildProcess);
      young.startJobManager();
      await young.proven();
      // P-13, P-20: it comes back, and never leads again.
      old.startTaskManagers();
      old.startJobManager();
      const fenced = await old.phase("ended");
      assert.deepEqual([fenced.error?.code, fenced.job], ["FENCED", null]);
      await hurried(workspace, young);
      await assertExact(workspace);
    }));

  it("an incarnation that never completed a checkpoint is passed over: the next one goes on from what it was given, and fences both", () =>
    inWorkspace("take-over-twice", async (workspace) => {
      const rare = { options: { "execution.checkpointing.interval": "1 h" } };
      const names = [
        wordCount(workspace, "old"),
        wordCount(workspace, "middle", rare),
        wordCount(workspace, "young"),
      ] as const;
      const [old, middle, young] = await standbys(workspace, ...names);
      assert.equal(await old.activate(NONE), 200);
      await old.proven();
      assert.equal(await middle.activate(latestOf(old, null)), 200);
      await middle.until("it runs", ({ job }) => job?.status === "RUNNING");
      assert.equal(await young.activate(latestOf(middle, null)), 200);
      await young.proven();
      // The middle one finds out when it writes: without checkpoints that is at its end.
      await hurried(workspace, young);
      for (const earlier of [old, middle]) assert.equal((await earlier.phase("ended")).error?.code, "FENCED");
      await assertExact(workspace);
    }));

  it("a savepoint that is not the newest state is refused with both named (LA4)", () =>
    inWorkspace("take-over-stale", async (workspace) => {
      const old = await IncarnationRun.standby(workspace, wordCount(workspace, "old"));
      assert.equal(await old.activate(NONE), 200);
      await old.proven();
      const target = workspace.path("savepoints", "stale");
      await old.savepoint(target, hexOf("savepoint"));
      await old.outcome(hexOf("savepoint"));
      await old.proven();
      await old.killAll();
      const young = await IncarnationRun.standby(workspace, wordCount(workspace, "young"));
      assert.equal(await young.activate(latestOf(old, target)), 200);
      const { error } = await young.phase("refused");
      assert.match(error?.message ?? "", /savepoints\/stale is not the newest state .*\.manifest$/);
    }));

  it("the old one, stopped and woken when its successor has deleted its state, commits nothing more (P-13, COLL3)", () =>
    inWorkspace("take-over-zombie", async (workspace) => {
      const [old, young] = await standbys(workspace, wordCount(workspace, "old"), wordCount(workspace, "young"));
      assert.equal(await old.activate(NONE), 200);
      await old.proven();
      const namesOf = (): string[] => visibleParts(workspace.path("output")).map(({ name }) => name);
      await old.until("something is committed", () => namesOf().length > 0);
      const zombies = [old.jobManager, ...old.taskManagers].map((child) => child?.pid as number);
      for (const pid of zombies) process.kill(pid, "SIGSTOP");
      const sinkOfOld = namesOf()[0]?.slice(-10) ?? "none";
      assert.equal(await young.activate(latestOf(old, null)), 200);
      await young.proven();
      assert.match((await young.collect(young.storeUri, hexOf("own"))) ?? "", /it is this incarnation's own/);
      assert.equal(await young.collect(old.storeUri, hexOf("old")), null);
      const left = (await (await openStore(old.storeUri)).list("")).map(({ key }) => key.replace(/\d+/g, "n"));
      assert.deepEqual([...new Set(left)], ["activation", "chk/n.manifest", "collected", "epochs/n"]);
      const answer = await young.preflight(latestOf(old, null).from);
      assert.match(JSON.stringify(answer), /incompatible.*was deleted: incarnation .* had taken it over/);
      const committedByOld = namesOf().filter((name) => name.endsWith(sinkOfOld));
      for (const pid of zombies) process.kill(pid, "SIGCONT");
      assert.equal((await old.phase("ended")).error?.code, "FENCED");
      await hurried(workspace, young);
      await assertExact(workspace);
      assert.deepEqual(
        namesOf().filter((name) => name.endsWith(sinkOfOld)),
        committedByOld,
      );
      assert.ok(namesOf().length > committedByOld.length);
    }));
});

describe("a stop with a savepoint is one with its manifest:", () => {
  for (const [who, failpoints] of Object.entries({
    "the JobManager dies right after it": { jobManager: "jm:after-manifest=kill@1" },
    "a TaskManager dies before it commits": { taskManagers: "tm:before-commit=kill@1" },
    "the JobManager dies before the result": { jobManager: "jm:before-result=kill@1" },
    "the JobManager dies after the result": { jobManager: "jm:after-result=kill@1" },
  })) {
    it(`${who}, and nothing more is processed, the job ends with it, and the next one goes on exactly`, () =>
      inWorkspace("atomic-stop", async (workspace) => {
        const rare = { options: { "execution.checkpointing.interval": "1 h", "restart-strategy.type": "none" } };
        const old = await IncarnationRun.make(workspace, wordCount(workspace, "old", rare));
        const young = await IncarnationRun.make(workspace, wordCount(workspace, "young"));
        young.startTaskManagers();
        young.startJobManager();
        old.startTaskManagers("taskManagers" in failpoints ? failpoints.taskManagers : undefined);
        old.startJobManager("jobManager" in failpoints ? failpoints.jobManager : undefined);
        await old.phase("standby");
        assert.equal(await old.activate(NONE), 200);
        await old.until("it runs", ({ job }) => job?.status === "RUNNING");
        const target = workspace.path("savepoints", "last");
        const triggerId = hexOf("stop");
        await old.stop(target, triggerId);
        const victim = "jobManager" in failpoints ? old.jobManager : old.taskManagers[0];
        await exitOf(victim as ChildProcess);
        if ("jobManager" in failpoints) old.startJobManager();
        else old.startTaskManagers();
        const { result } = await old.phase("ended");
        assert.deepEqual(result, { status: "FINISHED", savepoint: `file://${target}` });
        // P-9: its outcome is known from the log itself, not from a memory that is gone; asked for again, nothing new is started.
        assert.equal(await old.outcome(triggerId), `file://${target}`);
        await old.stop(target, triggerId);
        await young.phase("standby");
        assert.equal(await young.activate(latestOf(old, target)), 200);
        await hurried(workspace, young);
        await assertExact(workspace);
      }));
  }
});

/** All of them in standby, none activated. */
function standbys<T extends readonly IncarnationRunOptions[]>(
  workspace: Workspace,
  ...options: T
): Promise<{ [K in keyof T]: IncarnationRun }> {
  const runs = Promise.all(options.map((each) => IncarnationRun.standby(workspace, each)));
  return runs as unknown as Promise<{ [K in keyof T]: IncarnationRun }>;
}

/** To go on from what another one ended with. */
function latestOf(other: IncarnationRun, savepoint: string | null): Omit<ActivationRequest, "activationId"> {
  const { storeUri } = other;
  return { from: { kind: "latest", storeUri, savepoint, allowNonRestoredState: false }, predecessors: [storeUri] };
}
