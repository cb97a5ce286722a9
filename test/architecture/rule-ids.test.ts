import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promises, promisesToCome } from "../promises/promises.ts";
import { readSources, repositoryFolder } from "./repository.ts";
import { checkRuleIds, type RuleLists } from "./rule-ids.ts";
import type { SourceFile } from "./rules.ts";

const read = (path: string): SourceFile => ({ path, text: readFileSync(join(repositoryFolder, path), "utf8") });

/** The rules of pages with tables (docs/semantics.md, docs/security.md) and the promises, by prefix. */
function listsOf(pages: string, promised: readonly string[]): RuleLists {
  const lists = new Map<string, Set<string>>();
  const ids = [...pages.matchAll(/^\| ([A-Z]{2,3}-\d+) \|/gm)].map(([, id = ""]) => id);
  for (const id of [...ids, ...promised]) {
    const [prefix = "", number = ""] = id.split("-");
    lists.set(prefix, (lists.get(prefix) ?? new Set()).add(number));
  }
  return lists;
}

const rule = (id: string): string => `/**\n * Owns: x.\n *\n * ${id}  It holds.\n */\n`;
const file = (path: string, text: string): SourceFile => ({ path, text });

describe("rule ids", () => {
  it("are each defined once, and what is cited is defined", () => {
    const pages = ["README.md", "CONTRIBUTING.md", ...globSync("docs/**/*.md", { cwd: repositoryFolder })].map(read);
    // This file plants ids that are not there.
    const sources = readSources().filter(({ path }) => !path.startsWith("test/architecture/rule-ids"));
    const lists = listsOf(
      read("docs/semantics.md").text + read("docs/security.md").text,
      Object.keys({ ...promises, ...promisesToCome }),
    );
    assert.ok(lists.size >= 9, `${lists.size} lists`);
    assert.deepEqual(checkRuleIds([...sources, ...pages], lists), []);
  });

  const lists: RuleLists = new Map([["CK", new Set(["1", "2"])]]);
  const planted: Record<string, { readonly files: readonly SourceFile[]; readonly caught: readonly RegExp[] }> = {
    "an id that two files define": {
      files: [file("a.ts", rule("AB1")), file("b.ts", rule("AB1"))],
      caught: [/^AB1 is defined 2 times: a\.ts:4, b\.ts:4$/, /^the prefix AB is that of a\.ts and b\.ts/],
    },
    "a prefix that two files use": {
      files: [file("a.ts", rule("AB1")), file("b.ts", rule("AB2"))],
      caught: [/^the prefix AB is that of a\.ts and b\.ts/],
    },
    "a prefix of a list": { files: [file("a.ts", rule("CK1"))], caught: [/^the prefix CK of a\.ts is that of a list/] },
    "a citation of what is not there, in code, in a test's name, in a page": {
      files: [
        file("a.ts", `${rule("AB1")}// as AB2 says\n`),
        file("a.test.ts", `it("holds (XY7)", () => {});\n`),
        file("docs/page.md", "A checkpoint does that (CK-3, AB1).\n"),
      ],
      caught: [
        /^a\.ts:6: AB2 is defined nowhere/,
        /^a\.test\.ts:1: XY7 is defined nowhere/,
        /^docs\/page\.md:1: CK-3 is in no list/,
      ],
    },
    "what only looks like an id": {
      files: [
        file("a.ts", `${rule("AB1")}// AB1, CK-2, UTF-8, SHA-256, ES2024, base64 of AB12-x, 0xAB12\nconst AB = "x";\n`),
      ],
      caught: [],
    },
  };
  for (const [name, { files, caught }] of Object.entries(planted)) {
    it(`${caught.length === 0 ? "accepts" : "catches"}: ${name}`, () => {
      const violations = checkRuleIds(files, lists);
      assert.equal(violations.length, caught.length, violations.join("; "));
      for (const [index, pattern] of caught.entries()) assert.match(violations[index] ?? "", pattern);
    });
  }
});
