import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { planEntries, planTablesScript } from "../corpus/corpus.test-support.ts";
import { type ExplainedPlan, explainJson } from "./explain.ts";
import { type Layout, layoutOf, type Sized, type Spacing } from "./plan-layout.ts";
import { explainSvg } from "./plan-picture.ts";
import { planScript } from "./plan-script.ts";

const tables = planTablesScript();
const SPACING: Spacing = { boxWidth: 300, gapX: 70, gapY: 18, margin: 24 };

function assertGeometry({ boxes, lines, width, height }: Layout): void {
  for (const [index, box] of boxes.entries()) {
    assert.ok(box.x >= 0 && box.y >= 0 && box.x + SPACING.boxWidth <= width && box.y + box.height <= height, "inside");
    for (const other of boxes.slice(index + 1)) {
      const isApart =
        box.x + SPACING.boxWidth <= other.x ||
        other.x + SPACING.boxWidth <= box.x ||
        box.y + box.height <= other.y ||
        other.y + other.height <= box.y;
      assert.ok(isApart, `${box.id} and ${other.id} lie over each other`);
    }
  }
  for (const { from, to, points } of lines) {
    const [start, end] = [points[0], points.at(-1)] as const;
    const [left, right] = [from, to].map((id) => boxes.find((box) => box.id === id));
    assert.ok(start !== undefined && end !== undefined && left !== undefined && right !== undefined);
    assert.deepEqual(start, [left.x + SPACING.boxWidth, left.y + left.height / 2]);
    assert.deepEqual(end, [right.x, right.y + right.height / 2]);
    for (let at = 1; at < points.length; at++) {
      const [[x1, y1], [x2, y2]] = [points[at - 1], points[at]] as [
        readonly [number, number],
        readonly [number, number],
      ];
      assert.ok(x1 < x2, "lines go to the right");
      const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
      for (const box of boxes)
        assert.ok(
          x2 <= box.x || box.x + SPACING.boxWidth <= x1 || bottom <= box.y || box.y + box.height <= top,
          `the line from ${from} to ${to} goes over ${box.id}`,
        );
    }
  }
}

/** Inputs are among those before. */
const graphs: fc.Arbitrary<readonly Sized[]> = fc
  .array(fc.record({ height: fc.integer({ min: 30, max: 160 }), inputs: fc.array(fc.nat(30), { maxLength: 3 }) }), {
    minLength: 1,
    maxLength: 25,
  })
  .map((boxes) =>
    boxes.map(({ height, inputs }, index) => ({
      id: `box ${index}`,
      height,
      inputs: index === 0 ? [] : inputs.map((input) => `box ${input % index}`),
    })),
  );

describe("the layout of a plan (SQGL1, SQGL2)", () => {
  it("has no box over another one, and no line over a box", () => {
    fc.assert(fc.property(graphs, (boxes) => assertGeometry(layoutOf(boxes, SPACING))));
  });
});

function planOf(script: string): ExplainedPlan {
  const plan = planScript(`${tables}${script}`);
  assert.ok(plan.kind === "plan");
  return explainJson(plan);
}

/** Tags that are opened and closed; texts without a mark that is not escaped. */
function assertWellFormed(svg: string): void {
  const open: string[] = [];
  let end = 0;
  for (const tag of svg.matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<>]*")*)(\/?)>/gi)) {
    assert.match(svg.slice(end, tag.index), /^(?:[^<>&]|&(?:amp|lt|gt|quot|#39);)*$/);
    end = tag.index + tag[0].length;
    if (tag[1] === "/") assert.equal(open.pop(), tag[2]);
    else if (tag[4] !== "/") open.push(tag[2] as string);
  }
  assert.deepEqual(open, []);
  assert.equal(svg.slice(end).trim(), "");
}

describe("a plan as a picture", () => {
  it("has a box for each operator and each result of every plan of the corpus (SQGP1)", () => {
    let pictures = 0;
    for (const { script } of planEntries()) {
      const made = planScript(`${tables}${script}`);
      if (made.kind === "problems") continue;
      const plan = explainJson(made);
      const svg = explainSvg(plan);
      assertWellFormed(svg);
      assert.equal(svg.match(/<g>/g)?.length, plan.nodes.length + plan.sinks.length + plan.queries.length, script);
      pictures += 1;
    }
    assert.ok(pictures > 50);
  });

  it("is the same for the same plan", () => {
    const script = "SELECT b, COUNT(*) FROM t GROUP BY b";
    assert.equal(explainSvg(planOf(script)), explainSvg(planOf(script)));
  });

  it("shows names of anybody as text, and runs nothing (SQGP3)", () => {
    const svg = explainSvg(
      planOf("SELECT a AS `</text><script>alert(1)</script>`, '&\"\u0001\u{1F600}' AS `x` FROM t"),
    );
    assertWellFormed(svg);
    assert.doesNotMatch(svg, /<script/);
    assert.match(svg, /&lt;\/text&gt;&lt;script&gt;/);
    assert.match(svg, /&amp;&quot;\uFFFD\u{1F600}/u);
  });

  it("says which rows change, and what keeps state (SQGP1, SQGP2)", () => {
    const svg = explainSvg(planOf("SELECT b, COUNT(*) FROM t GROUP BY b"));
    assert.match(svg, /stroke-dasharray[^]*>retract</);
    assert.match(svg, /stroke="#c07818"[^]*?>GroupAggregate</);
  });

  it("cuts what is long, and has it whole in the tooltip (SQGP1)", () => {
    const columns = Array.from({ length: 60 }, (_, index) => `a + ${index} AS column_${index}`).join(", ");
    const svg = explainSvg(planOf(`SELECT ${columns} FROM t`));
    const lines = [...svg.matchAll(/xml:space="preserve">([^<]*)</g)].map(([, line = ""]) => line);
    assert.ok(lines.length < 12 && lines.some((line) => line.endsWith("…")));
    assert.ok(lines.every((line) => line.length <= 60));
    assert.match(svg, /<title>[^<]*column_59/);
  });
});
