/** What a job that is gone has left in MariaDB is settled by its sinks, as the clean-up pod of a deleted StreamJob does it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { jobId, operatorId, silentLog, systemClock } from "../../base/index.ts";
import type { OperatorState } from "../../runtime/checkpoint/index.ts";
import { mysqlSink } from "../../runtime/connectors/mysql/index.ts";
import type { StreamGraph } from "../../runtime/graph/index.ts";
import { sinkOperator } from "../../runtime/operators/index.ts";
import { settleSinks } from "../../runtime/taskmanager/index.ts";
import { type HarnessSnapshot, OperatorHarness } from "../../runtime/testkit/index.ts";
import { testDatabase } from "./database.ts";
import { emptyWordCount } from "./mysql-words.ts";
import type { WordCount } from "./sink-writer.ts";

// XA RECOVER lists the branches of a whole server.
const mariadb = await testDatabase("settlement", { isOwn: true });
/** Of the harness. */
const JOB = jobId("0123456789abcdef0123456789abcdef");
const UID = "sink";

for (const mode of ["xa", "ledger"] as const) {
  describe(`the transactions of a MySQL sink with ${mode}, of a job that is gone`, { skip: mariadb.skip }, () => {
    it("SETL1 are committed where the last checkpoint holds them, and rolled back where it does not; again it changes nothing", async () => {
      const database = mariadb.database();
      await emptyWordCount(database);
      const sink = mysqlSink<WordCount>({
        server: database.address,
        mode,
        table: "t_wordcount",
        columns: ["word", "count"],
      });
      const job = await OperatorHarness.open(sinkOperator(sink), { uid: UID, clock: systemClock });
      await job.processAll([{ word: "a", count: 1 }]);
      const checkpoint = await job.snapshot(1);
      await job.processAll([{ word: "b", count: 2 }]);
      await job.snapshot(2); // Not complete.
      await job.processAll([{ word: "c", count: 3 }]);
      const words = (): Promise<unknown> => database.rows("select word from t_wordcount order by word");
      assert.deepEqual(await words(), []);
      const node = { role: "sink", logic: sink, uid: UID, name: "mysql", operatorId: operatorId("0".repeat(32)) };
      const streamGraph = { nodes: [node], configuration: { jobName: "words" } } as unknown as StreamGraph;
      const left = {
        jobId: JOB,
        predecessors: [],
        fenced: [],
        streamGraph,
        epoch: 2,
        clock: systemClock,
        log: silentLog,
      };
      for (const attempt of [1, 2]) {
        await settleSinks({ ...left, epoch: 1 + attempt, state: stateOf(node, checkpoint) });
        assert.deepEqual(await words(), [{ word: "a" }], `attempt ${attempt}`);
        assert.deepEqual(await database.branches(), []);
      }
      // Without a state nothing is to be committed.
      await settleSinks({ ...left, epoch: 9, state: null });
      assert.deepEqual(await words(), [{ word: "a" }]);
      await job.close().catch(() => undefined); // What it had is gone.
    });
  });
}

function stateOf(
  { operatorId: id, name }: { readonly operatorId: OperatorState["operatorId"]; readonly name: string },
  { operator }: HarnessSnapshot,
): { readonly operators: readonly OperatorState[]; readonly storeUri: string } {
  const subtasks = [{ keyed: null, operator, finished: false }];
  const state = { operatorId: id, uid: UID, name, parallelism: 1, maxParallelism: 1, declarations: [], subtasks };
  return { operators: [state], storeUri: "memory://settlement" };
}
