import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importsOf, splitSource } from "./source-text.ts";

const specifiers = (source: string): string[] => importsOf(source).map((reference) => reference.specifier);

describe("splitting a source", () => {
  const hidden: Record<string, string> = {
    "a line comment": "a; // bad",
    "a block comment": "a; /* bad\n bad */",
    "a comment that never ends": "a; /* bad",
    "a string with an escaped quote": String.raw`a; "\" bad"`,
    "a template": "a; `bad`",
    "a template inside a template": "a; `${`bad` + b} bad`",
    "a regular expression with a quote": "a; x.replace(/[\"'/]bad/g, b)",
    "a regular expression after return": 'a; function f() { return /bad"/; }',
    "a comment after a division": "a; b / c; // bad",
    "a comment after a division by what is surely there": "a; b[0]! / c; // bad",
  };
  for (const [name, source] of Object.entries(hidden)) {
    it(`hides ${name}`, () => {
      const { code } = splitSource(source);
      assert.doesNotMatch(code, /bad/);
      assert.match(code, /^a;/);
    });
  }

  const kept: Record<string, string> = {
    "code in a template": "`${seen}`",
    "code after an object in a template": "`x ${f({ a: {} })} y`; seen",
    "code after a regular expression with a slash in a class": "/[/]/.test(b); seen",
    "code between two divisions": "a / b; seen; c / d",
    "code after a comment mark in a string": '"/*"; seen; "*/"',
    "code after a string with two slashes": '"http://x"; seen',
  };
  for (const [name, source] of Object.entries(kept)) {
    it(`keeps ${name}`, () => assert.match(splitSource(source).code, /\bseen\b/));
  }

  it("keeps every line where it was (SOT2)", () => {
    const source = "/* one\n two */ `three\n four ${\n five}\n six`;\nseven";
    assert.equal(splitSource(source).code.split("\n").length, source.split("\n").length);
  });
});

describe("finding imports", () => {
  it("finds every form, in order, with its line", () => {
    const source = [
      `import a, { b } from "./1.ts";`,
      `import type { C } from './2.ts';`,
      `export * from "./3.ts";`,
      `export type {`,
      `  D,`,
      `} from "./4.ts";`,
      `import "./5.ts";`,
      `const e = await import("./6.ts");`,
      `new Worker(new URL("./7.ts", import.meta.url));`,
    ].join("\n");
    assert.deepEqual(
      importsOf(source).map(({ specifier, kind, line }) => `${line} ${kind} ${specifier}`),
      [
        "1 import ./1.ts",
        "2 import ./2.ts",
        "3 import ./3.ts",
        "6 import ./4.ts",
        "7 import ./5.ts",
        "8 import ./6.ts",
        "9 entry ./7.ts",
      ],
    );
  });

  it("tells imports that name types alone", () => {
    const source = [
      `import type { A } from "./1.ts";`,
      `import { type B, type C } from "./2.ts";`,
      `import { type D, e } from "./3.ts";`,
      `export type * from "./4.ts";`,
      `export * from "./5.ts";`,
      `import "./6.ts";`,
    ].join("\n");
    assert.deepEqual(
      importsOf(source).map(({ isTypeOnly }) => isTypeOnly),
      [true, true, false, true, false, false],
    );
  });

  it("finds an import after an export without a semicolon", () => {
    assert.deepEqual(specifiers(`export interface A { from: string }\nimport { b } from "./b.ts"`), ["./b.ts"]);
  });

  it("takes no call and no property for an import", () => {
    assert.deepEqual(specifiers(`Array.from("./a.ts"); job.import("./b.ts"); x.from = "./c.ts";`), []);
  });
});
