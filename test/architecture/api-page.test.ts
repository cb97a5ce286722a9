import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { currentApiPage, renderApiPage } from "../../tools/api-reference.ts";
import { repositoryFolder } from "./repository.ts";

const files: Readonly<Record<string, string>> = {
  "api/index.d.ts": `/** Door. */
export { make, type Made } from "./make.ts";
export type * from "./shapes.ts";
`,
  "api/make.d.ts": `import type { Hidden } from "../inside/hidden.ts";
/**
 * Makes one.
 * Errors: none.
 */
export declare function make(of: Hidden): Made;
export declare function make(): Made;
export declare class Made {
    #private;
    /** How many; \`"{"\` is no brace. */
    readonly count: number;
}
`,
  "api/shapes.d.ts": `export type Shape = {
    readonly sides: Sides;
};
type Sides = 3 | 4;
export interface Unused { }
`,
  "inside/hidden.d.ts": `/** Not for users. */
export type Hidden = "x" | \`y;\${string}\`;
`,
};

const page = (changes: Readonly<Record<string, string>> = {}): string =>
  renderApiPage({ streamjob: "api/index.d.ts" }, (path) => {
    const text = { ...files, ...changes }[path];
    assert.ok(text !== undefined, `${path} is not there`);
    return text;
  });

describe("docs/api.md", () => {
  it("says what the declarations say: look at what changed, then run npm run docs", () => {
    assert.equal(readFileSync(join(repositoryFolder, "docs/api.md"), "utf8"), currentApiPage());
  });

  it("has every export with its comment and its overloads, and nothing private", () => {
    const text = page();
    assert.match(
      text,
      /### make\n\nMakes one\.\nErrors: none\.\n\n```ts\nfunction make\(of: Hidden\): Made;\nfunction make\(\): Made;\n```/,
    );
    assert.match(
      text,
      /### Made\n\n```ts\nclass Made \{\n {4}\/\*\* How many; `"\{"` is no brace\. \*\/\n {4}readonly count: number;\n\}\n```/,
    );
    assert.match(text, /### Shape\n/);
    assert.doesNotMatch(text, /#private/);
  });

  it("lists the types that exported ones name and that users cannot (AR1)", () => {
    const [, hidden = ""] = page().split("## Named above, and not exported");
    assert.match(hidden, /Not for users\.\n\n```ts\ntype Hidden = /);
    assert.match(hidden, /type Sides = 3 \| 4;/);
    assert.doesNotMatch(hidden, /Unused|Made/);
  });

  it("is stale when a declaration changes, an export goes away, or a comment says something else", () => {
    const { "api/make.d.ts": make = "", "api/index.d.ts": door = "" } = files;
    assert.notEqual(page({ "api/make.d.ts": make.replace("count: number", "count: bigint") }), page());
    assert.notEqual(page({ "api/make.d.ts": make.replace("Makes one", "Makes two") }), page());
    assert.notEqual(page({ "api/index.d.ts": door.replace("make, ", "") }), page());
  });
});
