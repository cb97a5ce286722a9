/** The example 16-kafka-to-mysql does what its README says: what loses, what repeats, and what does neither. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { shownOutput } from "../e2e/readme.ts";
import { repository, Workplace } from "../e2e/streamjob-command.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { testDatabase } from "./database.ts";
import { testKafka } from "./kafka-topics.ts";

const NAME = "16-kafka-to-mysql";
const kafka = await testKafka();
const mariadb = await testDatabase("kafka_to_mysql");
const work = new Workplace();
after(() => work.close());

type Row = { readonly word: string; readonly count: number; readonly writes: number };

/** The table after a run in which the TaskManager is killed at this place, once. */
async function rowsAfter(failpoint: string, args: readonly string[]): Promise<Row[]> {
  const database = mariadb.database();
  const topics = kafka.topics();
  await database.run("drop table if exists t_wordcount, streamjob_ledger");
  await database.run(
    "create table t_wordcount (word varchar(100) primary key, count bigint not null, writes bigint not null)",
  );
  const topic = await topics.create("lines", 2);
  const sample = readFileSync(join(repository, "examples/13-mysql-word-count/sample.txt"), "utf8");
  const lines = sample.trimEnd().split("\n");
  await topics.write(
    topic,
    lines.map((value, number) => ({ value, partition: number % 2 })),
  );
  const { user, password, host, port, database: name } = database.address;
  const server = `mysql://${user}:${password}@${host}:${port}/${name}`;
  const options = { brokers: topics.bootstrap, topic, server, "checkpoint-interval": "1 h" };
  await inWorkspace(NAME, async (workspace) => {
    const run = await workspace.start({
      module: join(repository, "examples", NAME, "job.ts"),
      args: [...Object.entries(options).flatMap(([option, value]) => [`--${option}`, value]), ...args],
      parallelism: 1,
      taskManagers: 1,
      failpoints: { taskManagers: [`${failpoint}=kill@1`] },
    });
    await run.finish();
    assert.match(run.story.join("\n"), /TaskManager 1 \(pid \d+\) was killed by SIGKILL/);
  });
  return database.rows<Row>("select word, count, writes from t_wordcount order by count desc, word");
}

describe(NAME, { skip: kafka.skip === false ? mariadb.skip : kafka.skip }, () => {
  const expected = shownOutput(NAME, "Expected output,");
  const textOf = ({ word, count, writes }: Row): string => `${word} ${count} ${writes}`;

  it("counts the words by one command", async () => {
    const command = work.startScript(join(repository, "tools/example.ts"), NAME);
    assert.equal(await command.exit(), 0, command.stderr);
    assert.deepEqual(command.lines, expected);
  });

  for (const sink of ["ledger", "xa"])
    for (const failpoint of ["tm:before-ack", "tm:before-commit"])
      it(`${sink}: loses and repeats nothing when the process dies at ${failpoint}`, async () => {
        const rows = await rowsAfter(failpoint, ["--sink", sink]);
        assert.deepEqual(rows.map(textOf), expected);
      });

  for (const sink of ["invoke", "pre-commit"])
    it(`the usual sink that commits in ${sink} writes again what no checkpoint covered, without an error`, async () => {
      const rows = await rowsAfter("tm:before-ack", ["--sink", sink]);
      const [line] = rows;
      assert.deepEqual(line, { word: "line", count: 16, writes: 32 });
    });

  it("the usual consumer with auto-commit loses the lines that no checkpoint covered, without an error", async () => {
    const rows = await rowsAfter("tm:before-ack", ["--source", "auto-commit"]);
    const counted = rows.find(({ word }) => word === "line")?.count ?? 0;
    assert.ok(counted < 16, `${counted} of 16 lines were counted: nothing was lost`);
  });
});
