/**
 * The whole matrix is a file that is read: `STREAMJOB_WRITE_EXPECTED=1 node --test runtime/sql/types/cast-rules.test.ts` writes it anew; then read the difference.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { typeText } from "./sql-type.ts";
import { castOf, castType } from "./cast-rules.ts";
import { operand, outcome, sampleTypes, type } from "./sql-type.test-support.ts";
import { shownType } from "./type-families.ts";

const matrixFile = new URL("./cast-matrix.txt", import.meta.url);

/** `implicit`, `explicit`, `explicit, may fail`, or the refusal. */
function castText(from: string, to: string): string {
  const cast = castOf(operand(from), type(to));
  return cast.kind === "refused" ? outcome(cast) : `${cast.kind}${cast.mayFail ? ", may fail" : ""}`;
}

function matrix(): string {
  const lines = sampleTypes.flatMap((from) => {
    const targetsOf = (text: string): string =>
      sampleTypes
        .filter((to) => castText(typeText(from), typeText(to)) === text)
        .map(shownType)
        .join(" · ") || "–";
    return [
      shownType(from),
      `  implicit           ${targetsOf("implicit")}`,
      `  explicit           ${targetsOf("explicit")}`,
      `  explicit, may fail ${targetsOf("explicit, may fail")}`,
    ];
  });
  return `${["What is cast to what; what is not named has no cast.", ...lines].join("\n")}\n`;
}

/** Cast, and what is said of it. */
const casts: readonly (readonly [from: string, to: string, text: string])[] = [
  ["NULL", "DATE", "implicit"],
  ["NULL", "DATE NOT NULL", "explicit, may fail"],
  ["INT NOT NULL", "INT", "implicit"],
  ["INT", "INT NOT NULL", "explicit, may fail"],
  ["INT", "BIGINT NOT NULL", "explicit, may fail"],
  ["VARCHAR(20)", "VARCHAR(3)", "implicit"],
  ["TIMESTAMP(9)", "TIMESTAMP(3)", "implicit"],
  ["ARRAY<INT>", "ARRAY<BIGINT>", "implicit"],
  ["ARRAY<BIGINT>", "ARRAY<INT>", "explicit"],
  ["ARRAY<STRING>", "ARRAY<INT>", "explicit, may fail"],
  ["ARRAY<INT>", "ARRAY<INT NOT NULL>", "explicit, may fail"],
  ["ROW<a INT, b STRING>", "ROW<c BIGINT, d STRING>", "implicit"],
  ["MAP<STRING, INT>", "MAP<STRING, TINYINT>", "explicit"],
  ["ROW<a STRING, b INT>", "ROW<a INT, b TINYINT>", "explicit, may fail"],
  [
    "ARRAY<DATE>",
    "ARRAY<INT>",
    "refused: there is no cast from DATE to INT. Use EXTRACT(… FROM …) for a part of it, or TIMESTAMPDIFF(…).",
  ],
  [
    "ROW<a INT>",
    "ROW<a INT, b INT>",
    "refused: ROW<a INT> has 1 fields, and ROW<a INT, b INT> has 2. Fields are cast one by one, in their order: give both rows the same number of them.",
  ],
  [
    "BIGINT",
    "TIMESTAMP(3)",
    "refused: there is no cast from BIGINT to TIMESTAMP(3). Use TO_TIMESTAMP_LTZ(milliseconds, 3), or TO_TIMESTAMP_LTZ(seconds, 0).",
  ],
  [
    "TIMESTAMP(3)",
    "BIGINT",
    "refused: there is no cast from TIMESTAMP(3) to BIGINT. Use UNIX_TIMESTAMP(CAST(… AS STRING)): seconds since 1970-01-01.",
  ],
  [
    "TIME(0)",
    "DATE",
    "refused: there is no cast from TIME(0) to DATE. One has no part of the other: cast a TIMESTAMP instead.",
  ],
  [
    "BIGINT",
    "INTERVAL YEAR TO MONTH",
    "refused: there is no cast from BIGINT to INTERVAL YEAR TO MONTH. Only an INT, of months, becomes this interval: cast to INT first.",
  ],
  [
    "INTERVAL DAY TO SECOND",
    "INT",
    "refused: there is no cast from INTERVAL DAY TO SECOND(3) to INT. This interval becomes a BIGINT, of milliseconds: cast to BIGINT first.",
  ],
  [
    "STRING",
    "INTERVAL DAY TO SECOND",
    "refused: there is no cast from STRING to INTERVAL DAY TO SECOND(3). Multiply an interval: n * INTERVAL '1' SECOND.",
  ],
  [
    "INT",
    "BYTES",
    "refused: there is no cast from INT to BYTES. Bytes are cast from and to texts only: cast to STRING first.",
  ],
  [
    "MAP<STRING, INT>",
    "ARRAY<INT>",
    "refused: there is no cast from MAP<STRING, INT> to ARRAY<INT>. Cast its parts, or the whole to STRING.",
  ],
  [
    "STRING",
    "ARRAY<INT>",
    "refused: there is no cast from STRING to ARRAY<INT>. Build the value from its parts instead.",
  ],
];

describe("casts", () => {
  it("are those of the matrix (SQCA1, SQCA2)", () => {
    const current = matrix();
    if (process.env["STREAMJOB_WRITE_EXPECTED"] === "1") writeFileSync(matrixFile, current);
    assert.equal(current, readFileSync(matrixFile, "utf8"));
  });

  for (const [from, to, text] of casts)
    it(`from ${from} to ${to}: ${text} (SQCA2, SQCA3)`, () => assert.equal(castText(from, to), text));

  it("of a type to itself are implicit and never fail", () => {
    for (const each of sampleTypes) assert.deepEqual(castOf(each, each), { kind: "implicit", mayFail: false });
  });

  it("give NULL where the operand has it, TRY_CAST everywhere", () => {
    const text = (from: string, isTry: boolean): string => typeText(castType(operand(from), type("INT"), isTry));
    assert.deepEqual(
      [text("STRING", false), text("STRING NOT NULL", false), text("NULL", false), text("STRING NOT NULL", true)],
      ["INT", "INT NOT NULL", "INT", "INT"],
    );
  });

  it("may give NULL where a DECIMAL has not room for all numbers (SQCA4)", () => {
    for (const [from, to, mayBe] of [
      ["DECIMAL(5, 2)", "DECIMAL(5, 2)", false],
      ["DECIMAL(5, 2)", "DECIMAL(10, 7)", false],
      ["DECIMAL(5, 2)", "DECIMAL(4, 2)", true],
      // 999.99 becomes 1000.0.
      ["DECIMAL(5, 2)", "DECIMAL(4, 1)", true],
      ["DECIMAL(5, 2)", "DECIMAL(5, 1)", false],
      ["INT", "DECIMAL(10, 0)", false],
      ["INT", "DECIMAL(10, 1)", true],
      ["BIGINT", "DECIMAL(38, 18)", false],
      ["BOOLEAN", "DECIMAL(1, 0)", false],
      ["DOUBLE", "DECIMAL(38, 0)", true],
      ["STRING", "DECIMAL(38, 0)", true],
    ] as const)
      assert.equal(castType(operand(`${from} NOT NULL`), type(to), false).isNullable, mayBe, `${from} as ${to}`);
  });
});
