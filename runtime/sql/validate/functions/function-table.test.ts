import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { callableWords, reservedWords } from "../../syntax/keywords.ts";
import { parseScript } from "../../syntax/script.ts";
import { aggregateFunctions } from "./aggregate-functions.ts";
import { builtInFunctions } from "./function-table.ts";
import { scalarFunctions } from "./scalar-functions.ts";
import { matchSignature, readSignature, usageOf } from "./signature.ts";

const int = { kind: "int", isNullable: false } as const;
const nullableInt = { kind: "int", isNullable: true } as const;
const bigint = { kind: "bigint", isNullable: false } as const;
const text = { kind: "varchar", isNullable: false, length: 5 } as const;

const resultOf = (signature: string, ...given: Parameters<typeof matchSignature>[1]) => {
  const match = matchSignature(readSignature(signature), given);
  return match.kind === "match" ? match.type : match;
};

describe("the table of functions", () => {
  it("has each name once, with a meaning (SQVB1)", () => {
    const rows = [...Object.values(scalarFunctions).flat(), ...aggregateFunctions.plain, ...aggregateFunctions.ranking];
    const names = rows.map(([name]) => name.toUpperCase());
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
    assert.equal(builtInFunctions.size, names.length);
    for (const [name, , meaning] of rows) assert.match(meaning, /^\S.*[^.]$/, name);
  });

  it("has no name that the grammar does not let one call", () => {
    // Those that are written without parentheses, or have a syntax of their own.
    const worded = /^(CURRENT_\w+|TRIM|SUBSTRING|OVERLAY|POSITION|EXTRACT|FLOOR|CEIL|CEILING|TIMESTAMP(ADD|DIFF))$/;
    for (const name of builtInFunctions.keys()) {
      if (reservedWords.has(name) && !callableWords.has(name)) assert.match(name, worded);
      if (!worded.test(name)) assert.deepEqual(parseScript(`SELECT ${name}(a)`).problems, [], name);
    }
  });
});

describe("a signature (SQVU1)", () => {
  it("is refused when it is written in another way", () => {
    for (const wrong of ["text", "text - > INT", "number -> INT", "text -> TEXT", "-> INT+"])
      assert.throws(() => readSignature(wrong), { name: "AssertionFailure" }, wrong);
  });

  it("takes as many arguments as it says", () => {
    const counts = (signature: string): readonly number[] =>
      [0, 1, 2, 3, 4].filter((count) => {
        const given = Array.from({ length: count }, () => int);
        return matchSignature(readSignature(signature), given).kind === "match";
      });
    assert.deepEqual(counts("-> INT!"), [0]);
    assert.deepEqual(counts("any -> INT"), [1]);
    assert.deepEqual(counts("any, any? -> INT"), [1, 2]);
    assert.deepEqual(counts("any, any* -> INT"), [1, 2, 3, 4]);
    assert.deepEqual(counts("any* -> INT"), [0, 1, 2, 3, 4]);
  });

  it("says which argument does not fit, and what it should be", () => {
    assert.deepEqual(resultOf("text, integer -> INT", text, text), {
      kind: "type",
      index: 1,
      wanted: "a whole number",
    });
    assert.deepEqual(resultOf("word, integer -> INT", int, int), { kind: "type", index: 0, wanted: "a word" });
    assert.deepEqual(resultOf("any -> INT", "word"), { kind: "type", index: 0, wanted: "any value" });
    assert.deepEqual(resultOf("T, T -> T", int, text), {
      kind: "type",
      index: 1,
      wanted: "a value of the same kind as those before it",
    });
    assert.deepEqual(resultOf("any -> $1", "null"), { kind: "type", index: 0, wanted: "a value with a type" });
  });

  it("gives a result that is nullable as it says", () => {
    assert.deepEqual(resultOf("any, any -> INT", int, int), int);
    assert.deepEqual(resultOf("any, any -> INT", int, nullableInt), nullableInt);
    assert.deepEqual(resultOf("any -> INT", "null"), nullableInt);
    assert.deepEqual(resultOf("any -> INT?", int), nullableInt);
    assert.deepEqual(resultOf("any -> INT!", nullableInt), int);
    assert.deepEqual(resultOf("any, any -> INT&", nullableInt, int), int);
    assert.deepEqual(resultOf("any, any -> INT&", nullableInt, "null"), nullableInt);
  });

  it("gives the type of an argument, or the common one", () => {
    assert.deepEqual(resultOf("any, any -> $2", int, text), text);
    assert.deepEqual(resultOf("any, T, T -> T", text, int, bigint), bigint);
    assert.deepEqual(resultOf("T, T -> T", "null", int), nullableInt);
    const decimal = { kind: "decimal", isNullable: false, precision: 10, scale: 2 } as const;
    assert.deepEqual(resultOf("numeric -> sum", decimal), { ...decimal, precision: 38 });
    assert.deepEqual(resultOf("numeric -> avg", decimal), { ...decimal, precision: 38, scale: 6 });
    assert.deepEqual(resultOf("numeric -> whole", decimal), { ...decimal, scale: 0 });
    assert.deepEqual(resultOf("numeric -> sum", int), int);
  });

  it("is shown as it is called", () => {
    assert.equal(usageOf("F", readSignature("text, integer? -> INT")), "F(text[, integer])");
    assert.equal(usageOf("F", readSignature("T, T* -> T")), "F(value[, value, …])");
    assert.equal(usageOf("F", readSignature("word, any -> INT")), "F(DAY, value)");
  });
});
