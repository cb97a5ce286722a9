import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { evaluateAll } from "./evaluation.test-support.ts";

const signs = { "<": -1, "<=": -1, ">": 1, ">=": 1 } as const;
type Sign = keyof typeof signs;

const literal = fc
  .tuple(fc.nat(400), fc.integer({ min: 1, max: 3 }))
  .map(([units, scale]) => ({ units: BigInt(units), scale, text: shown(units, scale) }));

function shown(units: number, scale: number): string {
  const digits = String(units).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${whole}.${digits.slice(-scale)}`;
}

/** Some are next to any bound that the literals make. */
const rows: readonly { readonly b: bigint | null; readonly n: number }[] = [
  { b: null, n: -2_147_483_648 },
  { b: 2n ** 63n - 1n, n: 2_147_483_647 },
  { b: -(2n ** 63n), n: 0 },
  ...Array.from({ length: 60 }, (_none, index) => ({ b: BigInt(index - 5), n: index - 5 })),
];

it("a number times a literal is compared with a literal by its exact product", () => {
  const columns = "b BIGINT, n INT NOT NULL";
  const sign = fc.constantFrom<Sign>("<", "<=", ">", ">=");
  const name = fc.constantFrom<"b" | "n">("b", "n");
  fc.assert(
    fc.property(
      fc.tuple(literal, literal),
      fc.tuple(sign, name, fc.boolean(), fc.boolean()),
      ([factor, limit], [comparison, column, isTurned, isSwapped]) => {
        const product = isSwapped ? `${column} * ${factor.text}` : `${factor.text} * ${column}`;
        const expression = isTurned
          ? `${limit.text} ${comparison} ${product}`
          : `${product} ${comparison} ${limit.text}`;
        const wanted = rows.map((record) => {
          const value = record[column];
          if (value === null) return null;
          const scaled = BigInt(value) * factor.units * 10n ** BigInt(limit.scale);
          const bound = limit.units * 10n ** BigInt(factor.scale);
          const [left, right] = isTurned ? [bound, scaled] : [scaled, bound];
          if (left === right) return comparison.endsWith("=");
          return signs[comparison] === (left < right ? -1 : 1);
        });
        assert.deepEqual(evaluateAll(expression, { columns, rows }), wanted, expression);
      },
    ),
    { seed: 22, numRuns: 400 },
  );
});
