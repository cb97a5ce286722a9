/** The example 15-kafka-read-committed does what its README says: also how a prefix that changes makes readers wait. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Isolation } from "../../runtime/connectors/kafka/client/kafka-client.ts";
import { shownOutput } from "../e2e/readme.ts";
import { repository, Workplace } from "../e2e/streamjob-command.ts";
import type { JobRun } from "../integration/job-run.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { testKafka } from "./kafka-topics.ts";

const NAME = "15-kafka-read-committed";
const LINES = ["one", "two", "three"];
const kafka = await testKafka();
const work = new Workplace();
after(() => work.close());

describe(NAME, { skip: kafka.skip }, () => {
  it("shows by one command what an open transaction hides, and from whom", async () => {
    const command = work.startScript(join(repository, "tools/example.ts"), NAME);
    assert.equal(await command.exit(), 0, command.stderr);
    assert.deepEqual(command.lines, shownOutput(NAME, "Expected output:"));
  });

  it("a writer that comes back with another prefix leaves readers waiting, and one with the old prefix ends that", () =>
    inWorkspace("read-committed", async (workspace) => {
      const topics = kafka.topics();
      const topic = await topics.create("orders");
      const records = async (isolation: Isolation): Promise<(string | null)[]> =>
        (await topics.read(topic, isolation)).map(({ value }) => value);
      /** Runs until it has written its lines, which are the last of `count`. */
      const write = async (prefix: string, count: number): Promise<JobRun> => {
        const run = await workspace.start({
          module: join(repository, "examples", NAME, "write.ts"),
          args: ["--brokers", topics.bootstrap, "--topic", topic, "--prefix", `${topic}-${prefix}`],
          parallelism: 1,
          taskManagers: 1,
        });
        await run.until(`${count} records`, async () => (await records("read_uncommitted")).length === count);
        return run;
      };

      const killed = await write("first", 3);
      await killed.kill();
      const second = await write("second", 6);
      await second.stop(workspace.path("savepoints"));
      assert.deepEqual(await records("read_committed"), [], "what is committed waits behind the dead writer");

      const back = await write("first", 9);
      await back.stop(workspace.path("savepoints"));
      assert.deepEqual(await records("read_committed"), [...LINES, ...LINES]);
    }));
});
