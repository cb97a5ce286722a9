/** XA transactions of the MySQL sink on a real server: EO-12 and its traps, with killed writers and with zombies whose connections live. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { systemClock } from "../../base/index.ts";
import { mysqlSink, type MySqlSinkOptions } from "../../runtime/connectors/mysql/index.ts";
import type { SinkContext } from "../../runtime/ports/index.ts";
import { twoPhaseCommitContract } from "../../runtime/testkit/index.ts";
import { testDatabase } from "./database.ts";
import { openWriter, type WordCount, type Writer, writerProcess } from "./sink-writer.ts";
import { settle } from "./settle.ts";
import { prepared } from "../../runtime/testkit/sink-by-hand.test-support.ts";
import { contractWorlds, emptyWordCount } from "./mysql-words.ts";

// XA RECOVER lists the branches of a whole server.
const mariadb = await testDatabase("xa", { isOwn: true });
const database = mariadb.database;
const WORDS = "select word, count from t_wordcount order by word";
const SETTLED_WITHIN_MS = 60_000;

const options = (more: Partial<MySqlSinkOptions<WordCount>> = {}): MySqlSinkOptions<WordCount> => ({
  server: database().address,
  mode: "xa",
  table: "t_wordcount",
  columns: ["word", "count"],
  ...more,
});

/** Ids of the prepared branches on the server. */
const recovered = (): Promise<string[]> => database().branches();

async function untilTrue(condition: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + SETTLED_WITHIN_MS; !(await condition()); ) assert.ok(Date.now() < until);
}

const writers: Writer<WordCount>[] = [];
async function open(
  where: Partial<SinkContext> = {},
  more: Partial<MySqlSinkOptions<WordCount>> = {},
): Promise<Writer<WordCount>> {
  const writer = await openWriter(options(more), where);
  writers.push(writer);
  return writer;
}

describe("a MySQL sink with XA transactions", { skip: mariadb.skip }, () => {
  beforeEach(async () => {
    await database().forgetBranches();
    await emptyWordCount(database());
  });
  afterEach(async () => {
    for (const writer of writers.splice(0)) await writer.close();
    assert.deepEqual(await recovered(), [], "XA RECOVER is empty at the end");
  });

  it("EO-1: shows nothing until the commit, all of it then, and prepares the next while one waits", async () => {
    const writer = await open();
    const first = await prepared(writer, [{ word: "a", count: 1 }]);
    const second = await prepared(writer, [{ word: "b", count: 2 }]);
    assert.equal((await recovered()).length, 2);
    assert.deepEqual(await database().rows(WORDS), []);
    assert.deepEqual(await writer.commit(first), { kind: "committed" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
    assert.deepEqual(await writer.commit(second), { kind: "committed" });
    assert.equal((await database().rows(WORDS)).length, 2);
  });

  it("EO-2: a commit that is asked for again changes nothing and says so", async () => {
    const writer = await open();
    const transaction = await prepared(writer, [{ word: "a", count: 1 }]);
    await writer.commit(transaction);
    assert.deepEqual(await writer.commit(transaction), { kind: "alreadyCommitted" });
    const other = await open({ attempt: 2 });
    assert.deepEqual(await other.commit(transaction), { kind: "alreadyCommitted" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
  });

  it("EO-4, EO-12: a writer that was killed between checkpoint and commit: its branch is committed, and one that no checkpoint has is rolled back", async () => {
    const kept = await writerProcess({
      options: options(),
      where: {},
      rows: [{ word: "a", count: 1 }],
      commits: false,
    });
    await kept.kill();
    const lost = await writerProcess({
      options: options(),
      where: { subtask: 1, parallelism: 2 },
      rows: [{ word: "b", count: 2 }],
      commits: false,
    });
    await lost.kill();
    const writer = await open({ attempt: 2 });
    assert.deepEqual(await settle(writer, kept.transaction), { kind: "committed" });
    await writer.abortAllExcept([kept.transaction]);
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
    assert.deepEqual(await settle(writer, kept.transaction), { kind: "alreadyCommitted" });
  });

  it("EO-2: a writer that was killed after the commit: nothing is written again, and nothing is left", async () => {
    const killed = await writerProcess({
      options: options(),
      where: {},
      rows: [{ word: "a", count: 1 }],
      commits: true,
    });
    await killed.kill();
    const writer = await open({ attempt: 2 });
    assert.deepEqual(await settle(writer, killed.transaction), { kind: "alreadyCommitted" });
    await writer.abortAllExcept([]);
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
  });

  it("XA1: the branch of a zombie whose connection lives, of a subtask that there is no more, is committed, not taken for committed", async () => {
    const zombie = await open({ subtask: 1, parallelism: 2 });
    const transaction = await prepared(zombie, [{ word: "a", count: 1 }]);
    const writer = await open({ attempt: 2 });
    const first = await writer.commit(transaction);
    assert.equal(first.kind, "retryLater", "the server answers XAER_NOTA as long as the zombie's connection lives");
    assert.match(
      (first as { reason: string }).reason,
      /connection \d+ of an earlier attempt still held it, and was ended/,
    );
    assert.deepEqual(await settle(writer, transaction), { kind: "committed" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
  });

  it("XA1: the branch of such a zombie that no checkpoint has is rolled back", async () => {
    const zombie = await open({ subtask: 1, parallelism: 2 });
    await prepared(zombie, [{ word: "a", count: 1 }]);
    const writer = await open({ attempt: 2 });
    await writer.abortAllExcept([]);
    assert.deepEqual(await recovered(), []);
    assert.deepEqual(await database().rows(WORDS), []);
  });

  it("XAC1: what a zombie of this subtask has open is rolled back before the first row, with its locks on rows", async () => {
    const more = { onDuplicate: "update", batchRows: 1 } as const;
    const zombie = await open({}, more);
    await zombie.write(await zombie.begin(), { word: "a", count: 1 }, 0);
    const writer = await open({ attempt: 2 }, more);
    await writer.abortAllExcept([]);
    await settle(writer, await prepared(writer, [{ word: "a", count: 2 }]));
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 2 }]);
    await assert.rejects(async () => zombie.write(undefined, { word: "z", count: 1 }, 0), /could not write rows/);
  });

  it("XAS1, EO-3: a branch that somebody rolled back is not taken for committed: the job fails and says so", async () => {
    const killed = await writerProcess({
      options: options(),
      where: {},
      rows: [{ word: "a", count: 1 }],
      commits: false,
    });
    await killed.kill();
    const { globalId, connectionId } = killed.transaction as { globalId: string; connectionId: number };
    let nowMs = 0;
    const hurried = { ...systemClock, monotonicMs: () => (nowMs += 1000) };
    const writer = await open({ attempt: 2, clock: hurried });
    await untilTrue(async () => {
      await database()
        .run(`xa rollback '${globalId}', '${connectionId}', 21354`)
        .catch(() => undefined);
      return (await recovered()).length === 0;
    });
    const outcome = await settle(writer, killed.transaction);
    assert.equal(outcome.kind, "impossible");
    assert.match(
      (outcome as { reason: string }).reason,
      /no longer has the XA transaction sj-.* \(1 rows\).*rolled it back/,
    );
  });

  it("XAS1: a branch whose rows change nothing is not empty, and is there after the crash", async () => {
    await database().run("insert into t_wordcount values ('a', 1)");
    const killed = await writerProcess({
      options: options({ onDuplicate: "update" }),
      where: {},
      rows: [{ word: "a", count: 1 }],
      commits: false,
    });
    await killed.kill();
    const writer = await open({ attempt: 2 });
    assert.deepEqual(await settle(writer, killed.transaction), { kind: "committed" });
  });

  it("EO-3: a commit whose connection breaks is asked for again, by another connection", async () => {
    const writer = await open();
    const transaction = await prepared(writer, [{ word: "a", count: 1 }]);
    await database().killOthers();
    assert.deepEqual(await settle(writer, transaction), { kind: "committed" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 1 }]);
  });

  it("waits for rows that a prepared branch holds until that is committed", async () => {
    const writer = await open({}, { onDuplicate: "update" });
    const first = await prepared(writer, [{ word: "a", count: 1 }]);
    const second = prepared(writer, [{ word: "a", count: 2 }]);
    assert.deepEqual(await settle(writer, first), { kind: "committed" });
    assert.deepEqual(await settle(writer, await second), { kind: "committed" });
    assert.deepEqual(await database().rows(WORDS), [{ word: "a", count: 2 }]);
  });

  it("keeps to connectionsMax, and says what its connections wait for", async () => {
    const writer = await open({}, { connectionsMax: 2 });
    const both = [await prepared(writer, [{ word: "a", count: 1 }]), await prepared(writer, [{ word: "b", count: 1 }])];
    await assert.rejects(
      prepared(writer, [{ word: "c", count: 1 }]),
      /all 2 connections \(connectionsMax\) hold transactions/,
    );
    for (const transaction of both) assert.deepEqual(await settle(writer, transaction), { kind: "committed" });
  });

  it("leaves the branches of other jobs, other sinks and other programs alone", async () => {
    const others = [await open({ jobId: "2".repeat(32) }), await open({ uid: "other" })];
    const theirs = [await prepared(others[0] as Writer<WordCount>, [{ word: "a", count: 1 }])];
    theirs.push(await prepared(others[1] as Writer<WordCount>, [{ word: "b", count: 1 }]));
    const writer = await open({ epoch: 9, attempt: 9 });
    await writer.abortAllExcept([]);
    assert.equal((await recovered()).length, 2);
    for (const [at, transaction] of theirs.entries())
      assert.deepEqual(await settle(others[at] as Writer<WordCount>, transaction), { kind: "committed" });
  });

  it("rolls back what an incarnation left that this one has taken over from, whatever its epoch", async () => {
    const earlier = await open({ jobId: "2".repeat(32), epoch: 9 });
    await prepared(earlier, [{ word: "a", count: 1 }]);
    const writer = await open({ predecessors: ["2".repeat(32)], fenced: ["2".repeat(32)] });
    await writer.abortAllExcept([]);
    assert.deepEqual(await recovered(), []);
  });

  it("MXI3 is refused while the job runs from whose savepoint it was restored, and that one loses nothing", async () => {
    const running = await open({ jobId: "2".repeat(32), epoch: 9 });
    const transaction = await prepared(running, [{ word: "a", count: 1 }]);
    const restored = { predecessors: ["2".repeat(32)] };
    await assert.rejects(open(restored), { code: "TRANSACTIONS_IN_USE", destiny: "terminal" });
    assert.deepEqual(await settle(running, transaction), { kind: "committed" });
    const left = await prepared(running, [{ word: "b", count: 1 }]);
    assert.notEqual(left, null);
    await running.close();
    const writer = await open(restored);
    await writer.abortAllExcept([]);
    assert.deepEqual(await recovered(), [], "what it has left when it is gone");
  });
});

describe("a MySQL sink with XA transactions keeps the contract of exactly-once sinks", { skip: mariadb.skip }, () => {
  const createWorld = contractWorlds(database, (common) => mysqlSink({ ...common, mode: "xa", connectionsMax: 32 }), {
    countUnsettled: async () => (await recovered()).length,
  });
  for (const { name, run } of twoPhaseCommitContract(createWorld, { runs: 15 })) it(name, run);
});
