/** The example 13-mysql-word-count does what its README says: also with a TaskManager that dies around a commit. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { hexDigest } from "../../base/index.ts";
import { shownOutput } from "../e2e/readme.ts";
import { repository, Workplace } from "../e2e/streamjob-command.ts";
import { inWorkspace } from "../integration/workspace.ts";
import { testDatabase } from "./database.ts";

const NAME = "13-mysql-word-count";
const mariadb = await testDatabase("wordcount");
const work = new Workplace();
after(() => work.close());

/** The table after a run in which the TaskManager is killed at this place. */
async function tableAfter(sink: string, failpoint: string): Promise<string[]> {
  const database = mariadb.database();
  await database.run("drop table if exists t_wordcount, streamjob_ledger");
  await database.run("create table t_wordcount (word varchar(100) primary key, count bigint not null)");
  const { user, password, host, port, database: name } = database.address;
  await inWorkspace(`mysql-${sink}`, async (workspace) => {
    const run = await workspace.start({
      module: join(repository, "examples", NAME, "job.ts"),
      args: ["--server", `mysql://${user}:${password}@${host}:${port}/${name}`, "--sink", sink],
      parallelism: 1,
      taskManagers: 1,
      failpoints: { taskManagers: [`${failpoint}=kill@1`] },
    });
    await run.finish();
    const branches = await database.branches();
    const ours = branches.filter((branch) => branch.startsWith(`sj-${hexDigest(10, run.jobId, "mysql")}-`));
    assert.deepEqual(ours, [], "XA RECOVER lists none of the job's branches at the end");
    assert.match(run.story.join("\n"), /TaskManager 1 \(pid \d+\) was killed by SIGKILL/);
  });
  const rows = await database.rows<{ word: string; count: number }>(
    "select word, count from t_wordcount order by count desc, word",
  );
  return rows.map(({ word, count }) => `${word} ${count}`);
}

describe(NAME, { skip: mariadb.skip }, () => {
  const expected = shownOutput(NAME, "Expected output:");

  it("counts the words by one command", async () => {
    const command = work.startScript(join(repository, "tools/example.ts"), NAME);
    assert.equal(await command.exit(), 0, command.stderr);
    assert.deepEqual(command.lines, expected);
  });

  for (const sink of ["ledger", "xa"])
    for (const failpoint of ["tm:before-commit", "tm:after-commit"])
      it(`EO-2, EO-4, EO-12: ${sink}: loses nothing and writes nothing twice when the process dies at ${failpoint}`, async () => {
        assert.deepEqual(await tableAfter(sink, failpoint), expected);
      });

  it("the usual sink loses the rows of the epoch whose process dies at tm:before-commit, without an error", async () => {
    const found = await tableAfter("course", "tm:before-commit");
    const lost = expected.filter((line) => !found.includes(line));
    assert.ok(lost.length > 0, "nothing was lost");
  });
});
