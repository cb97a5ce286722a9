import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StreamError } from "../../base/index.ts";
import { errorCodes, errorLists } from "../../tools/error-lists.ts";
import { checkCodesInReach, checkCodesRaised, checkDeclaredOnce, type CodeLists } from "./error-codes.ts";
import { readSources } from "./repository.ts";
import { rooms } from "./rooms.ts";
import type { SourceFile } from "./rules.ts";

const inRooms = (files: readonly SourceFile[]): readonly SourceFile[] =>
  files.filter(({ path }) => rooms.some(({ folder }) => path.startsWith(`${folder}/`)));

const planted: CodeLists = { base: { OF_ALL: "" }, "runtime/failures": { OF_RUNTIME: "" }, cli: { OF_CLI: "" } };
const raising = (path: string, code: string): SourceFile => ({
  path,
  text: `throw new StreamError("${code}", "x");\n`,
});

describe("an error code", () => {
  it("is in one list", () => {
    assert.deepEqual(checkDeclaredOnce(errorLists), []);
    assert.deepEqual(checkDeclaredOnce({ base: { A: "a" }, cli: { A: "a", B: "b" } }), [
      "A is declared in base and cli; declare it once",
    ]);
    assert.equal(Object.keys(errorCodes).length, Object.values(errorLists).flatMap((list) => Object.keys(list)).length);
  });

  it("is raised only by halves that may import the half that declares it (ERC3)", () => {
    assert.deepEqual(checkCodesInReach(inRooms(readSources()), rooms, errorLists), []);
    const files = [
      raising("operator/observe/a.ts", "OF_RUNTIME"),
      raising("operator/observe/b.ts", "OF_ALL"),
      raising("runtime/time/a.ts", "OF_RUNTIME"),
      raising("runtime/time/b.ts", "OF_CLI"),
      raising("cli/a.ts", "OF_RUNTIME"),
      { path: "runtime/rest/a.ts", text: "const statuses = { OF_CLI: 400 };\n" },
      { path: "runtime/rest/b.ts", text: `// "OF_CLI" in a comment\n` },
    ];
    assert.deepEqual(
      checkCodesInReach(files, rooms, planted).map((violation) => violation.split(" is ")[0]),
      ["operator/observe/a.ts: OF_RUNTIME", "runtime/time/b.ts: OF_CLI", "runtime/rest/a.ts: OF_CLI"],
    );
  });

  it("is raised by the half that declares it; one of base by several, or by base", () => {
    assert.deepEqual(checkCodesRaised(inRooms(readSources()), errorLists), []);
    const files = [raising("runtime/time/a.ts", "OF_ALL"), raising("cli/a.ts", "OF_RUNTIME")];
    assert.deepEqual(checkCodesRaised(files, planted), [
      "OF_ALL is declared in base, and raised by runtime",
      "OF_RUNTIME is declared in runtime/failures, and raised by cli",
      "OF_CLI is declared in cli, and raised by nobody",
    ]);
  });

  it("that no list declares does not compile (ERC2)", () => {
    // @ts-expect-error It is in no list.
    const error = new StreamError("NOT_DECLARED", "nobody declares this code");
    // @ts-expect-error Nor is a comparison with one.
    assert.equal(error.code === "NOT_DECLARED_EITHER", false);
  });
});
