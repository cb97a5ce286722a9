import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planTablesScript } from "../corpus/corpus.test-support.ts";
import { explainJson } from "./explain.ts";
import { planScript } from "./plan-script.ts";
import { Uids } from "./uids.ts";

const tables = planTablesScript();

function nodesOf(script: string) {
  const plan = planScript(`${tables}${script}`);
  assert.ok(plan.kind === "plan", plan.kind === "problems" ? plan.problems[0]?.message : "");
  return explainJson(plan);
}

const uidsOf = (script: string, kind: string): readonly string[] =>
  nodesOf(script).nodes.flatMap((node) => (node.kind === kind ? [node.uid] : []));

describe("a uid", () => {
  it("stays when a filter, a projection, or another query changes (SQPU1)", () => {
    const [uid] = uidsOf("SELECT b, SUM(a) FROM t GROUP BY b", "aggregate");
    assert.match(uid ?? "", /^aggregate-[0-9a-f]{16}$/);
    for (const script of [
      "SELECT b, SUM(a) FROM t WHERE id > 3 GROUP BY b",
      "SELECT SUM(a) + 1, UPPER(b) FROM t GROUP BY b HAVING SUM(a) > 3",
      "SELECT b AS c, SUM(a) AS d FROM (SELECT a, b, ts FROM t) AS x GROUP BY b",
      "SELECT b, SUM(a) FROM t GROUP BY b; SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY window_start, window_end",
      "SELECT x FROM s; SELECT b, SUM(a) FROM t GROUP BY b; SELECT id, COUNT(*) FROM s GROUP BY id",
    ])
      assert.ok(uidsOf(script, "aggregate").includes(uid ?? ""), script);
  });

  it("is another one when keys, functions or tables are others (SQPU1)", () => {
    const uids = [
      "SELECT b, SUM(a) FROM t GROUP BY b",
      "SELECT a, SUM(a) FROM t GROUP BY a",
      "SELECT b, MAX(a) FROM t GROUP BY b",
      "SELECT b, SUM(DISTINCT a) FROM t GROUP BY b",
      "SELECT b, SUM(a + 1) FROM t GROUP BY b",
      "SELECT y, SUM(x) FROM s GROUP BY y",
    ].flatMap((script) => uidsOf(script, "aggregate"));
    assert.equal(new Set(uids).size, 6);
  });

  it("of what keeps whole rows is another one when a column of them is added or renamed, and stays when a filter changes (SQPU3)", () => {
    const join = (columns: string, where = ""): string | undefined =>
      uidsOf(`SELECT ${columns} FROM (SELECT id, a AS n, b FROM t) AS l JOIN s ON l.id = s.id${where}`, "join")[0];
    const uid = join("n");
    assert.equal(join("n", " WHERE n > 3"), uid);
    assert.notEqual(join("n, b"), uid);
    assert.notEqual(uidsOf("SELECT m FROM (SELECT id, a AS m, b FROM t) AS l JOIN s ON l.id = s.id", "join")[0], uid);
    const rank = (columns: string): string | undefined =>
      uidsOf(
        `SELECT ${columns} FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY b ORDER BY a DESC) AS place FROM t) AS r WHERE place <= 3`,
        "rank",
      )[0];
    assert.notEqual(rank("id"), rank("id, ts"));
  });

  it("of the rows that a sink keeps is another one when what is written is computed in another way, and stays when a filter changes (SQPU3)", () => {
    const columnsOf = (query: string): string | undefined => {
      const plan = planScript(`${tables}INSERT INTO o (k, n) ${query}`);
      assert.ok(plan.kind === "plan");
      return plan.sinks[0]?.columns;
    };
    const columns = columnsOf("SELECT b, SUM(a) FROM t GROUP BY b, id");
    assert.equal(columnsOf("SELECT b AS x, SUM(a) AS y FROM t WHERE id > 3 GROUP BY b, id HAVING SUM(a) > 1"), columns);
    assert.notEqual(columnsOf("SELECT b, SUM(a) * 2 FROM t GROUP BY b, id"), columns);
    assert.notEqual(columnsOf("SELECT UPPER(b), SUM(a) FROM t GROUP BY b, id"), columns);
  });

  it("of a table's second scan stays when a condition changes that the table tests, and is not that of a third (SQPU2)", () => {
    const table = "CREATE TABLE c (id INT, x STRING) WITH ('connector' = 'mysql');";
    const scansOf = (...queries: readonly string[]): readonly (string | undefined)[] => {
      const uids = new Uids();
      return queries.map((query) => {
        const plan = planScript(`${table}${query}`, { uids });
        assert.ok(plan.kind === "plan");
        return explainJson(plan).nodes.find(({ kind }) => kind === "scan")?.uid;
      });
    };
    const [first, second, third] = scansOf(
      "SELECT x FROM c WHERE id = 3",
      "SELECT x FROM c WHERE id = 4",
      "SELECT x FROM c WHERE id = 5",
    );
    assert.equal(new Set([first, second, third]).size, 3);
    assert.deepEqual(scansOf("SELECT x FROM c WHERE id = 6", "SELECT x FROM c WHERE id = 7"), [first, second]);
    assert.notEqual(scansOf("SELECT x FROM c WHERE id = 3", "SELECT id FROM c WHERE id = 4")[1], second);
  });

  it("of a lookup is another one when its table is read whole, and has no state then (SQPU5)", () => {
    const lookup = (options: string) =>
      nodesOf(
        `CREATE TABLE names (k INT, name STRING) WITH (${options}); SELECT t.id, n.name FROM t JOIN names FOR SYSTEM_TIME AS OF t.p AS n ON t.a = n.k`,
      ).nodes.find(({ kind }) => kind === "lookupJoin");
    const [mysql, redis, files, rows] = ["mysql", "redis", "filesystem", "collection"].map((connector) =>
      lookup(`'connector' = '${connector}'`),
    );
    assert.equal(redis?.uid, mysql?.uid);
    assert.notEqual(files?.uid, mysql?.uid);
    assert.equal(rows?.uid, files?.uid);
    assert.deepEqual([files?.state, rows?.state], [null, null]);
    assert.deepEqual(Object.keys(mysql?.state ?? {}), ["a", "id"]);
  });

  it("is one for equal parts of a script, which are one node (SQPU2, SQPP2)", () => {
    const { nodes, sinks } = nodesOf(
      "CREATE VIEW v AS SELECT b, SUM(a) AS total FROM t GROUP BY b; INSERT INTO o (k, n) SELECT b, total FROM v; INSERT INTO o (k, n) SELECT UPPER(b), total FROM v WHERE total > 3",
    );
    assert.deepEqual(
      nodes.map(({ kind }) => kind),
      ["scan", "calc", "aggregate", "calc", "calc"],
    );
    assert.equal(new Set(sinks.map(({ uid }) => uid)).size, 2);
  });

  it("is the first one's when two that differ would have it (SQPU2)", () => {
    const one = "SELECT b, SUM(a) FROM t WHERE id > 3 GROUP BY b";
    const other = "SELECT b, SUM(a) FROM t WHERE id > 4 GROUP BY b";
    const [first, second, third] = uidsOf(`${one}; ${other}`, "aggregate");
    assert.notEqual(first, second);
    assert.equal(third, undefined);
    assert.deepEqual(uidsOf(one, "aggregate"), [first]);
    assert.deepEqual(uidsOf(`${other}; ${one}`, "aggregate")[0], first);
  });

  it("is not shared by a table and the same one with options of a hint", () => {
    const { nodes } = nodesOf(
      "SELECT a FROM t UNION ALL SELECT a FROM t /*+ OPTIONS('scan.startup.mode' = 'latest-offset') */",
    );
    assert.equal(nodes.filter(({ kind }) => kind === "scan").length, 2);
  });

  it("is told apart in all scripts of a job, and equal parts of them are one node (SQPU2)", () => {
    const uids = new Uids();
    const inputOf = (query: string) => {
      const plan = planScript(`${tables}${query}`, { uids });
      assert.ok(plan.kind === "plan");
      return { query: plan.queries[0]?.input, sink: plan.sinks[0] };
    };
    const first = inputOf("SELECT b, SUM(a) FROM t WHERE id > 3 GROUP BY b").query;
    const second = inputOf("SELECT b, SUM(a) FROM t WHERE id > 4 GROUP BY b").query;
    assert.notEqual(first?.uid, second?.uid);
    assert.equal(inputOf("SELECT b, SUM(a) FROM t WHERE id > 3 GROUP BY b").query, first);
    const insert = "INSERT INTO o (k) SELECT b FROM t";
    assert.notEqual(inputOf(insert).sink?.uid, inputOf(insert).sink?.uid);
  });

  it("is the same in every version: another one would leave the state of jobs behind", () => {
    assert.deepEqual(uidsOf("SELECT b, SUM(a) FROM t GROUP BY b", "aggregate"), ["aggregate-ec8f8ece51c74dde"]);
    assert.deepEqual(uidsOf("SELECT t.id FROM t LEFT JOIN s ON t.a = s.id", "join"), ["join-3ee78a4affefce0c"]);
    const ranked = "SELECT id FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY b ORDER BY price DESC) <= 3";
    assert.deepEqual(uidsOf(ranked, "rank"), ["rank-0ee59ecced5091d3"]);
    const windows =
      "SELECT b, COUNT(*) FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' HOUR)) GROUP BY b, window_start, window_end";
    assert.deepEqual(uidsOf(windows, "windowAggregate"), ["window-aggregate-6c871345af63d879"]);
  });
});
