/**
 * A StreamJob whose job died between checkpoint and commit is deleted, with its broker away at first: what its last checkpoint holds is
 * committed, the rest aborted, and only then its state goes.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { RunningCommand, streamjob } from "../integration/command.ts";
import { wordOf } from "../integration/jobs/word-count.ts";
import { assertRunningCounts, countedWord } from "../integration/part-files.ts";
import { until } from "../integration/until.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { kafkaPart, startServer, stopServer, testPart } from "../environment/index.ts";
import { KafkaTopics } from "./kafka-topics.ts";

const MODULE = fileURLToPath(new URL("jobs/kafka-count.ts", import.meta.url));
const part = await testPart(kafkaPart, { isOwn: true });
const WORDS = 7;
const RECORDS = 100;
const WITHIN_MS = 240_000;

type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };

describe("deleting a StreamJob whose sink writes transactions", { skip: part.skip }, () => {
  it("OST1 commits what the last checkpoint holds and aborts the rest, waits for a broker that is away, and deletes the state after that", () =>
    inWorkspace("kafka-deletion", async (workspace) => {
      const topics = new KafkaTopics(part.gives().bootstrap);
      await topics.whenReady();
      const from = await topics.create("words", 2);
      const to = await topics.create("counts", 2);
      const write = (round: number): Promise<void> =>
        topics.write(
          from,
          Array.from({ length: RECORDS }, (_, index) => ({
            value: wordOf(round * RECORDS + index, WORDS),
            partition: index % 2,
          })),
        );
      const env = [{ name: "STREAMJOB_FAILPOINTS", value: "tm:before-commit=kill" }];
      const spec = {
        job: { module: MODULE, args: ["--brokers", topics.bootstrap, "--from", from, "--to", to] },
        checkpoints: { storage: { path: workspace.path("stores") } },
        deletion: { keepState: false },
        // No TaskManager ever commits, after no restart.
        taskManager: { podTemplate: { spec: { containers: [{ name: "taskmanager", env }] } } },
      };
      const object = { apiVersion: "streamjob.dev/v1alpha1", kind: "StreamJob", metadata: { name: "counts" }, spec };
      writeFileSync(workspace.path("counts.json"), JSON.stringify(object));
      const up = new RunningCommand(workspace, ["up"]);
      await up.until("it runs", () => /The control plane of .* runs/.test(up.stderr));
      const applied = await streamjob(workspace, "apply", "counts.json");
      assert.equal(applied.exitCode, 0, applied.stderr);
      await write(0);
      const folder = workspace.path("stores", "default");
      const keys = (): readonly string[] =>
        existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String) : [];
      const manifests = (): number => keys().filter((key) => key.endsWith(".manifest")).length;
      // The fence of each JobManager is one, too: the transactions say when there is a checkpoint with records.
      await until(
        async () => (await topics.openTransactions(to)).length > 0 && manifests() > 1,
        "a transaction",
        WITHIN_MS,
      );
      const status = async (): Promise<{ restarts?: number; conditions?: readonly Condition[] }> => {
        const { stdout } = await streamjob(workspace, "get", "counts", "-o", "json");
        return (JSON.parse(stdout) as { status: { restarts?: number } }).status;
      };
      await until(
        async () => ((await status()).restarts ?? 0) > 0,
        "a TaskManager to be killed before it commits",
        WITHIN_MS,
      );
      assert.deepEqual(await topics.read(to), [], "nothing was committed");

      await stopServer(part.running(), "SIGKILL");
      const deletion = new RunningCommand(workspace, ["delete", "counts", "--wait"]);
      const stalled = async (): Promise<Condition | undefined> =>
        (await status()).conditions?.find(({ type, status: is }) => type === "Stalled" && is === "True");
      await until(
        async () => (await stalled())?.reason === "TransactionsNotSettled",
        "the deletion to wait",
        WITHIN_MS,
      );
      assert.match((await stalled())?.message ?? "", /cannot connect.*CONNECTION_FAILED.*goes on without it at/s);
      assert.ok(manifests() > 0, "the state is there: it says what is to be committed");
      await startServer(part.running());
      const { exitCode, stderr } = await deletion.result();
      assert.equal(exitCode, 0, stderr);

      await topics.whenSettled(to);
      const { stable, ends } = await topics.ends(to);
      assert.deepEqual(stable, ends, "nobody waits");
      const lines = (await topics.read(to)).map(({ value }) => value ?? "null");
      assert.ok(lines.length > 0, "the checkpoint's records are there");
      assertRunningCounts(lines.map(countedWord));
      assert.equal(manifests(), 0, "the state has gone");
    }));
});
