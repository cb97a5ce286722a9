/** How functions of the user come into a job: by createFunction, and by CREATE FUNCTION. What they do: user-functions.test.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { job } from "../api/index.ts";
import { printSink } from "../connectors/basic/index.ts";
import { t } from "../record/index.ts";
import { JobDriver } from "../testkit/index.ts";
import {
  type ChangelogRecord,
  aggregateFunction,
  scalarFunction,
  sqlJob,
  tableEnvironment,
  tableFunction,
} from "./index.ts";
import { isRefused } from "./user-functions.test-support.ts";

const mask = scalarFunction({
  arguments: [t.string, t.int32],
  returns: t.string,
  call: (text, kept) => text.slice(0, kept).padEnd(text.length, "*"),
});
const split = tableFunction({
  arguments: [t.string],
  returns: t.record({ word: t.string, size: t.int64 }),
  *call(text) {
    for (const word of text.split(" ")) yield { word, size: word.length };
  },
});

describe("createFunction", () => {
  for (const [what, name, definition, part] of [
    ["a built-in name", "upper", mask, "there is a built-in function"],
    ["what is no function of SQL", "f", (() => 1) as never, "it is made with scalarFunction"],
    ["a type without columns", "f", scalarFunction({ arguments: [t.any], returns: t.string, call: () => "" }), "any"],
  ] as const)
    it(`refuses ${what}`, () => {
      const made = job((env) => tableEnvironment(env).createFunction(name, definition));
      return assert.rejects(JobDriver.start(made), isRefused("JOB_GRAPH_INVALID", `the function ${name}`, part));
    });

  it("takes any name, which never becomes code", async () => {
    const name = 'a"];globalThis.reached = 1;//`${globalThis.reached = 1}\n*/';
    const sum = aggregateFunction({
      arguments: [t.int32],
      returns: t.int32,
      accumulator: t.int32,
      create: () => 0,
      add: (all, value) => all + value,
      result: (all) => all,
    });
    for (const each of [scalarFunction({ arguments: [t.int32], returns: t.int32, call: (n) => n + 1 }), sum]) {
      const written = `\`${name.replaceAll("`", "``")}\``;
      const made = job((env) => {
        const tables = tableEnvironment(env);
        tables.createFunction(name, each);
        const query = `SELECT ${written}(n) AS ${written} FROM (VALUES (1)) AS v(n)`;
        tables.sql(query).toChangelogStream({ uid: "c" }).sinkTo(printSink(), { uid: "out" });
      });
      await using driver = await JobDriver.start(made, { parallelism: 1 });
      await driver.run();
      const rows = driver.output<ChangelogRecord>("out").map(({ row }) => row);
      assert.deepEqual(rows, [{ [name]: each === sum ? 1 : 2 }]);
    }
    assert.equal("reached" in globalThis, false);
  });

  it("is what a job module has instead of CREATE FUNCTION", () => {
    const made = job((env) => {
      const tables = tableEnvironment(env);
      tables.execute("CREATE FUNCTION mask AS './f.ts#mask' LANGUAGE TYPESCRIPT");
      tables.sql("SELECT mask('a', 1)");
    });
    return assert.rejects(JobDriver.start(made), isRefused("SQL_INVALID", "only its module knows", "createFunction"));
  });

  it("refuses a second one of a name", () => {
    const made = job((env) => {
      const tables = tableEnvironment(env);
      tables.createFunction("mask", mask);
      tables.createFunction("MASK", mask);
    });
    return assert.rejects(JobDriver.start(made), isRefused("JOB_GRAPH_INVALID", "there is a function of that name"));
  });

  it("of functions that wait is refused where they are declared", () => {
    assert.throws(
      () => scalarFunction({ arguments: [t.string], returns: t.string, call: (async () => "x") as never }),
      isRefused("OPTION_INVALID", "call is async", "open"),
    );
    assert.throws(
      () =>
        aggregateFunction({
          arguments: [],
          returns: t.int32,
          accumulator: t.int32,
          create: () => "x" as never,
          add: () => 1,
          result: (n) => n,
        }),
      isRefused("OPTION_INVALID", 'create gives the string "x"'),
    );
  });
});

describe("CREATE FUNCTION", () => {
  const modules: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    "./f.ts": { mask, default: split, number: 7 },
  };
  const planned = async (script: string): Promise<void> => {
    const load = (specifier: string): Promise<Readonly<Record<string, unknown>>> =>
      modules[specifier] === undefined
        ? Promise.reject(new Error(`no ${specifier}`))
        : Promise.resolve(modules[specifier]);
    await using driver = await JobDriver.start(sqlJob(script, "job.sql", load), { keepSinks: false, parallelism: 1 });
    await driver.run();
  };
  const creates = "CREATE FUNCTION mask AS './f.ts#mask' LANGUAGE TYPESCRIPT;";
  const uses = "SELECT MASK(w, 1) FROM (VALUES ('abc')) AS v(w);";

  it("takes an export of a module, by any spelling of its name", () => planned(`${creates}\n${uses}`));

  it("takes a default export, and IF NOT EXISTS, DROP and ALTER as a script goes on", () =>
    planned(`CREATE TEMPORARY FUNCTION IF NOT EXISTS mask AS './f.ts' LANGUAGE JAVASCRIPT;
      CREATE FUNCTION IF NOT EXISTS mask AS './nowhere.ts';
      DROP FUNCTION mask; ${creates} ALTER FUNCTION mask AS './f.ts#mask'; DROP FUNCTION IF EXISTS missing; ${uses}`));

  for (const [what, script, ...parts] of [
    [
      "a module that is not there",
      "CREATE FUNCTION f AS './g.ts#f';",
      "job.sql:1:22",
      "the module ./g.ts cannot be used: no ./g.ts",
    ],
    [
      "an export that is not there",
      "CREATE FUNCTION f AS './f.ts#maks';",
      "./f.ts exports no maks",
      "Did you mean mask?",
    ],
    [
      "an export that is no function of SQL",
      "CREATE FUNCTION f AS './f.ts#number';",
      "number of ./f.ts is no function of SQL",
    ],
    ["a built-in name", "CREATE FUNCTION Reverse AS './f.ts#mask';", "REVERSE is a built-in function"],
    ["a second one", `${creates} ${creates}`, "there is a function mask already"],
    ["what was dropped", `${creates} DROP FUNCTION mask; ${uses}`, "there is no function MASK"],
    [
      "a function of Java, where it is used",
      "CREATE FUNCTION mask AS 'com.example.Mask' LANGUAGE JAVA; SELECT mask('a', 1);",
      "mask is a function in JAVA",
      "written in TypeScript",
    ],
  ] as const)
    it(`refuses ${what}`, () => assert.rejects(planned(script), isRefused("SQL_INVALID", ...parts)));
});
