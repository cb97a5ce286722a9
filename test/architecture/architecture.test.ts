/**
 * Every check of the architecture runs twice: over the repository, where it finds nothing, and over planted violations, which it must find.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkLogMessages } from "./log-messages.ts";
import { readSources } from "./repository.ts";
import { FILE_LINES_MAX, type Room, rooms } from "./rooms.ts";
import {
  checkCircles,
  checkDeclaredGraph,
  checkDeclaredInUse,
  checkDoorContents,
  checkDoors,
  checkImportDirections,
  checkLengths,
  checkNames,
  checkPrivateMembers,
  checkRealWorld,
  checkRoomsDeclared,
  checkTestPlaces,
  checkTestSupport,
  type SourceFile,
} from "./rules.ts";

interface Planted {
  readonly files: readonly SourceFile[];
  /** What the check's messages have to be about, one each, in order; empty for a look-alike that is allowed. */
  readonly caught: readonly RegExp[];
}

interface Check {
  readonly run: (files: readonly SourceFile[]) => string[];
  readonly planted: Readonly<Record<string, Planted>>;
}

const file = (path: string, text = "export {};\n"): SourceFile => ({ path, text });
const base = file("base/index.ts", `/** Room base. */\nexport * from "./clock.ts";\n`);

const checks: Record<string, Check> = {
  "rooms import only what they have declared": {
    run: (files) => checkImportDirections(files, rooms),
    planted: {
      "an import against the direction": {
        files: [file("base/clock.ts", `import { x } from "../runtime/record/index.ts";\n`)],
        caught: [/^base\/clock\.ts:1: base may not import runtime\/record; it may import no room$/],
      },
      "a jobmanager that imports the taskmanager": {
        files: [
          file("runtime/jobmanager/a/scheduler.ts", `\nimport type {\n  T,\n} from "../../taskmanager/index.ts";\n`),
        ],
        caught: [/^runtime\/jobmanager\/a\/scheduler\.ts:4: runtime\/jobmanager may not import runtime\/taskmanager/],
      },
      "an operator room that imports the runtime": {
        files: [file("operator/observe/world.ts", `export { x } from "../../runtime/rest/index.ts";\n`)],
        caught: [/operator\/observe may not import runtime\/rest/],
      },
      "a dynamic import, an import type, an import for its effect": {
        files: [
          file("runtime/time/a.ts", `const m = await import("../state/index.ts");\n`),
          file("runtime/time/b.ts", `let t: import('../state/index.ts').T;\n`),
          file("runtime/time/c.ts", `import "../state/index.ts";\n`),
        ],
        caught: [
          /time\/a\.ts:1: .* runtime\/state/,
          /time\/b\.ts:1: .* runtime\/state/,
          /time\/c\.ts:1: .* runtime\/state/,
        ],
      },
      "code that ships and imports the test kit; its test may": {
        files: [
          file("runtime/connectors/files/a.ts", `import { x } from "../../testkit/index.ts";\n`),
          file("runtime/connectors/files/a.test.ts", `import { x } from "../../testkit/index.ts";\n`),
        ],
        caught: [/^runtime\/connectors\/files\/a\.ts:1: runtime\/connectors\/files may not import runtime\/testkit/],
      },
      "a worker started from another room's file": {
        files: [
          file("runtime/jobmanager/start.ts", `new Worker(new URL("../taskmanager/thread.ts", import.meta.url));\n`),
        ],
        caught: [/runtime\/jobmanager may not import runtime\/taskmanager/],
      },
      "a room that imports the tests": {
        files: [file("runtime/state/heap.ts", `import { x } from "../../test/chaos/kill.ts";\n`)],
        caught: [/runtime\/state may not import test\/chaos\/kill\.ts, which lies outside the rooms/],
      },
      "an example that looks behind the API": {
        files: [file("examples/01-word-count/job.ts", `import { x } from "../../runtime/graph/index.ts";\n`)],
        caught: [/examples may not import runtime\/graph/],
      },
      "imports in comments, strings and templates are no imports": {
        files: [
          file(
            "base/clock.ts",
            `// import "../record/index.ts"\n/* import x from "../record/index.ts" */\nconst s = 'import "../record/index.ts"';\nconst t = \`import "../record/index.ts"\`;\n`,
          ),
        ],
        caught: [],
      },
      "composition roots, packages and files that are no code are free": {
        files: [
          file("examples/start.ts", `import { x } from "../runtime/jobmanager/index.ts";\n`),
          file("main/main.ts", `import { x } from "../runtime/taskmanager/index.ts";\n`),
          file("base/version.ts", `import x from "zod";\nnew URL("../package.json", import.meta.url);\n`),
        ],
        caught: [],
      },
    },
  },
  "another room is entered by its door": {
    run: (files) => checkDoors(files, rooms),
    planted: {
      "an import past the door": {
        files: [base, file("runtime/state/heap.ts", `import { x } from "../../base/clock.ts";\n`)],
        caught: [/^runtime\/state\/heap\.ts:1: base\/clock\.ts lies behind the door; import base\/index\.ts$/],
      },
      "a composition root in a room, which is no exception": {
        files: [file("main/run.ts", `import { x } from "../runtime/connectors/files/source.ts";\n`)],
        caught: [/runtime\/connectors\/files\/source\.ts lies behind the door/],
      },
      "code that ships and imports another room's file for tests; its test may": {
        files: [
          file("runtime/state/heap.ts", `import { x } from "../graph/rig.test-support.ts";\n`),
          file("runtime/state/heap.test.ts", `import { x } from "../graph/rig.test-support.ts";\n`),
        ],
        caught: [/^runtime\/state\/heap\.ts:1: runtime\/graph\/rig\.test-support\.ts lies behind the door/],
      },
      "inside one room anything goes": {
        files: [
          file("runtime/connectors/files/source.ts", `import { x } from "./rate.ts";\n`),
          file("runtime/state/heap.ts", `import { x } from "../../base/index.ts";\n`),
          file("main/run.ts", `new URL("../runtime/taskmanager/process.ts", import.meta.url);\n`),
        ],
        caught: [],
      },
    },
  },
  "a door has a header comment and exports, nothing else": {
    run: (files) => checkDoorContents(files, rooms),
    planted: {
      "a door that works": {
        files: [file("base/index.ts", `/** Door. */\nexport * from "./a.ts";\nexport const x = 1;\n`)],
        caught: [/base\/index\.ts: a door holds only exports from other files, not: export const x = 1;/],
      },
      "a door without a header": {
        files: [file("base/index.ts", `export { a, type B } from "./a.ts";\n`)],
        caught: [/base\/index\.ts: a door opens with a header comment/],
      },
      "every form of re-export is fine": {
        files: [
          file(
            "base/index.ts",
            `/** Door. */\nexport * from "./a.ts";\nexport type { B } from "./b.ts";\n// Why.\nexport * as c from "./c.ts";\nexport {\n  type D,\n  d,\n} from "./d.ts";\n`,
          ),
        ],
        caught: [],
      },
    },
  },
  "every folder where rooms live is a declared room": {
    run: (files) => checkRoomsDeclared(files, rooms),
    planted: {
      "a room nobody declared, reported once": {
        files: [file("runtime/magic/a.ts"), file("runtime/magic/b.ts")],
        caught: [/^runtime\/magic: is not declared/],
      },
      "a file beside the rooms": {
        files: [file("operator/main.ts")],
        caught: [/^operator\/main\.ts: lies in no room/],
      },
    },
  },
  "no file of a room imports itself by way of others": {
    run: (files) => checkCircles(files, rooms),
    planted: {
      "two files, and three": {
        files: [
          file("base/a.ts", `import { b } from "./b.ts";\n`),
          file("base/b.ts", `import { a } from "./a.ts";\n`),
          file("crds/x.ts", `import "./y.ts";\n`),
          file("crds/y.ts", `export * from "./z.ts";\n`),
          file("crds/z.ts", `import { type T, x } from "./x.ts";\n`),
        ],
        caught: [/^base\/a\.ts and base\/b\.ts import each other/, /crds\/x\.ts and crds\/y\.ts and crds\/z\.ts/],
      },
      types: {
        files: [
          file("base/a.ts", `import { b } from "./b.ts";\n`),
          file("base/b.ts", `import type { A } from "./a.ts";\nimport { type C } from "./a.ts";\n`),
        ],
        caught: [],
      },
    },
  },
  "what only tests use says so": {
    run: (files) => checkTestSupport(files, rooms),
    planted: {
      "a file for tests without the suffix, and one with it that ships": {
        files: [
          file("base/builder.ts"),
          file("base/a.test.ts", `import "./builder.ts";\n`),
          file("base/rig.test-support.ts"),
          file("base/b.ts", `import "./rig.test-support.ts";\n`),
        ],
        caught: [/^base\/builder\.ts: only tests use it/, /^base\/b\.ts: imports base\/rig\.test-support\.ts/],
      },
      "files for tests with the suffix, entries, and code with a test": {
        files: [
          file("base/rig.test-support.ts"),
          file("base/a.test.ts", `import "./rig.test-support.ts";\nimport "./code.ts";\n`),
          file("base/code.ts"),
          file("base/b.ts", `import "./code.ts";\n`),
          file("main/entry.ts"),
          file("examples/01/job.ts"),
          file("examples/01/job.test.ts", `import job from "./job.ts";\n`),
        ],
        caught: [],
      },
    },
  },
  "names say what is inside": {
    run: checkNames,
    planted: {
      "files and folders": {
        files: [file("runtime/state/utils.ts"), file("runtime/lib/a.ts"), file("tools/helpers.test.ts")],
        caught: [/"utils"/, /"lib"/, /"helpers"/],
      },
      "names that only contain such a word": { files: [file("runtime/state/library.ts")], caught: [] },
    },
  },
  "no file is too long": {
    run: checkLengths,
    planted: {
      "one line too many": {
        files: [file("runtime/state/heap.ts", "x;\n".repeat(FILE_LINES_MAX + 1))],
        caught: [/601 lines; split it, 600 is the most/],
      },
      "exactly the most": { files: [file("runtime/state/heap.ts", "x;\n".repeat(FILE_LINES_MAX))], caught: [] },
    },
  },
  "tests lie beside their code, where npm test looks": {
    run: checkTestPlaces,
    planted: {
      "a test in a folder of its own": {
        files: [file("runtime/state/heap.ts"), file("runtime/state/heap/alone.test.ts")],
        caught: [/heap\/alone\.test\.ts: lies beside no code/],
      },
      "a folder called tests": {
        files: [file("runtime/state/tests/builder.ts"), file("runtime/state/tests/heap.test.ts")],
        caught: [/tests\/heap\.test\.ts: lies beside no code/],
      },
      "a test that would never run": {
        files: [file("bench/01/job.ts"), file("bench/01/job.test.ts"), file("test/loose.test.ts")],
        caught: [
          /bench\/01\/job\.test\.ts: npm test does not look here/,
          /test\/loose\.test\.ts: belongs into a folder/,
        ],
      },
      "tests in their place": {
        files: [file("runtime/state/heap.ts"), file("runtime/state/heap.test.ts"), file("test/chaos/kill.test.ts")],
        caught: [],
      },
    },
  },
  "private members have a #": {
    run: checkPrivateMembers,
    planted: {
      "fields, methods and accessors that are private by word": {
        files: [
          file("runtime/state/a.ts", "class A {\n  private readonly x = 1;\n}\n"),
          file("cli/b.test.ts", "class B {\n  private async x() {}\n  static private y = 1;\n}\n"),
        ],
        caught: [/a\.ts:2: a private member/, /b\.test\.ts:2: a private member/, /b\.test\.ts:3: a private member/],
      },
      "constructors, words in comments and texts": {
        files: [
          file(
            "base/a.ts",
            "class A {\n  private constructor() {}\n  #x = 1;\n}\n// private to it\nconst s = `\n  private x`;\n",
          ),
        ],
        caught: [],
      },
    },
  },
  "only one file touches the real world": {
    run: (files) => checkRealWorld(files, rooms),
    planted: {
      "each way to do it": {
        files: [
          file("runtime/state/a.ts", "const t = Date.now();\n"),
          file("runtime/state/b.ts", "const t = new Date();\n"),
          file("runtime/state/c.ts", "x;\nglobalThis.setTimeout(f, 1);\n"),
          file("runtime/state/d.ts", "await new Promise((r) => setTimeout(r, 1));\n"),
          file("runtime/state/e.ts", "const p = `${Math.random()}`;\n"),
          file("cli/f.ts", "const home = process.env.HOME;\n"),
          file("runtime/state/g.ts", `import { randomUUID } from "node:crypto";\n`),
          file("operator/apply/h.ts", "const t = performance.now();\n"),
        ],
        caught: [
          /a\.ts:1: Date\.now/,
          /b\.ts:1: the present as a Date/,
          /c\.ts:2: a real timer/,
          /d\.ts:1: a real timer/,
          /e\.ts:1: Math\.random/,
          /f\.ts:1: process\.env/,
          /g\.ts:1: real randomness/,
          /h\.ts:1: performance\.now/,
        ],
      },
      "the one file, tests, tools, comments, and words that look alike": {
        files: [
          file("base/system.ts", "Date.now();\n"),
          file("runtime/state/heap.test.ts", "setTimeout(f, 1);\n"),
          file("tools/verify.ts", "Date.now();\n"),
          file(
            "runtime/state/a.ts",
            "// Date.now()\nconst s = 'Math.random()';\nsocket.setTimeout(5);\nnew Date(ms).toISOString();\n",
          ),
        ],
        caught: [],
      },
    },
  },
  "log messages are phrases that can be searched for": {
    run: (files) => checkLogMessages(files, rooms),
    planted: {
      "a template with a value in it": {
        files: [
          file("base/a.ts", "log.info({ id }, `checkpoint ${id} failed`);\n"),
          file("main/a.ts", "\nthis.#options.logger?.warn(\n  {},\n  `it ends: ${why}`,\n);\n"),
          file("cli/a.ts", 'childLog.error({ err }, "it failed: " + err.message);\n'),
          file("cli/b.ts", "log.debug(facts, text);\n"),
        ],
        caught: [
          /^base\/a\.ts:1: a log message is a constant phrase/,
          /^main\/a\.ts:2: a log message is a constant phrase/,
          /^cli\/a\.ts:1: a log message is a constant phrase/,
          /^cli\/b\.ts:1: a log message is a constant phrase/,
        ],
      },
      "a value as a third argument, or no message": {
        files: [file("base/a.ts", 'log.info({}, "done in", ms);\nlog.info("done");\n')],
        caught: [/^base\/a\.ts:1: /, /^base\/a\.ts:2: /],
      },
      "a field by another name": {
        files: [file("base/a.ts", 'log.warn({ jobId, error: toErrorInfo(error), why }, "it failed");\n')],
        caught: [/^base\/a\.ts:1: the field "error" is called "err"/, /the field "why" is called "reason"/],
      },
      "constant phrases, what is no log, and tests are all right": {
        files: [
          file("base/a.ts", 'log.warn({ path: `${a}/b`, place: { error: 1 }, ...more }, "part one, " + "part two");\n'),
          file("base/b.ts", "#logger.error(facts, `a constant`,\n);\n"),
          file("base/c.ts", "command.error(`no ${word}`); catalog.info(`${a}`); Math.log(2);\n"),
          file("base/d.test.ts", "log.info({}, `${a}`);\n"),
          file("test/e.ts", "log.info({}, `${a}`);\n"),
        ],
        caught: [],
      },
    },
  },
};

const sources = readSources();

for (const [rule, check] of Object.entries(checks)) {
  describe(rule, () => {
    it("holds in the repository", () => assert.deepEqual(check.run(sources), []));
    for (const [name, { files, caught }] of Object.entries(check.planted)) {
      it(`${caught.length === 0 ? "accepts" : "catches"}: ${name}`, () => {
        const violations = check.run(files);
        assert.equal(violations.length, caught.length, `found: ${violations.join("; ")}`);
        for (const [index, pattern] of caught.entries()) assert.match(violations[index] ?? "", pattern);
      });
    }
  });
}

describe("no declared import is idle", () => {
  it("holds in the repository", () => assert.deepEqual(checkDeclaredInUse(sources, rooms), []));

  const declared: Room[] = [
    { folder: "a", owns: "", mayImport: [] },
    { folder: "b", owns: "", mayImport: [] },
    { folder: "c", owns: "", mayImport: ["a", "b"] },
    { folder: "d", owns: "", mayImport: [], testsMayImport: ["a"] },
  ];

  it("catches an import that nobody needs any more, and one that only a test needs", () => {
    const planted = [file("c/x.test.ts", `import "../b/index.ts";\n`), file("d/x.ts", `import "../a/index.ts";\n`)];
    assert.deepEqual(
      checkDeclaredInUse(planted, declared).map((violation) => violation.split(":")[0]),
      ["c may import a and does not", "c may import b and does not", "tests of d may import a and do not"],
    );
  });

  it("accepts imports that are in use", () => {
    const used = [
      file("c/x.ts", `import "../a/index.ts";\nimport type { B } from "../b/index.ts";\n`),
      file("d/x.test.ts", `import "../a/index.ts";\n`),
    ];
    assert.deepEqual(checkDeclaredInUse(used, declared), []);
  });
});

describe("the declared graph of rooms", () => {
  const room = (folder: string, ...mayImport: string[]): Room => ({ folder, owns: folder, mayImport });

  it("has no cycle and no unknown room", () => assert.deepEqual(checkDeclaredGraph(rooms), []));

  it("is caught having a cycle", () => {
    const planted = [room("a", "b"), room("b", "c"), room("c", "b")];
    assert.deepEqual(checkDeclaredGraph(planted), ["a cycle of rooms: b → c → b"]);
  });

  it("is caught naming a room that is not declared", () => {
    assert.deepEqual(checkDeclaredGraph([room("a", "b")]), ["a may import b, which is not declared"]);
  });

  const mayNever: Record<string, readonly [of: RegExp, what: RegExp]> = {
    "lets the operator and its kinds into no room of the runtime, the embedded cluster, the processes or the CLI": [
      /^(?:operator\/|crds$)/,
      /^(?:runtime\/|embedded\/|main$|cli$)/,
    ],
    "lets the runtime into no room of the operator, the embedded cluster, the processes or the CLI": [
      /^runtime\//,
      /^(?:operator\/|crds$|embedded\/|main$|cli$)/,
    ],
    "lets the embedded cluster into no room of the runtime": [/^embedded\//, /^(?:runtime\/|main$|cli$)/],
    "lets JobManager and TaskManager not into each other": [
      /^runtime\/(?:job|task)manager$/,
      /^runtime\/(?:job|task)manager$/,
    ],
    "lets what the operator sees, decides and writes know no engine but by the port": [
      /^operator\/(?:engine|reconcile|observe|apply|controller)$/,
      /^(?:contract$|operator\/engine-)/,
    ],
    "lets no room into the CLI": [/./, /^cli$/],
  };
  for (const [name, [of, what]] of Object.entries(mayNever)) {
    it(name, () => {
      const edges = rooms
        .filter(({ folder }) => of.test(folder))
        .flatMap(({ folder, mayImport }) =>
          mayImport.filter((target) => what.test(target)).map((to) => `${folder} → ${to}`),
        );
      assert.deepEqual(edges, []);
    });
  }
});
