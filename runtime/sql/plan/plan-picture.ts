/**
 * Owns: a plan as a picture: an SVG that stands alone, to be looked at in a browser or put into a page.
 * Does not own: where things stand (plan-layout.ts).
 *
 * SQGP1 A box for each operator, once, with what it does; the whole text of a part that does not fit is in the box's tooltip. What keeps state has a coloured edge.
 * SQGP2 A line says what flows on it: inserts alone, changes, or upserts; those that change are dashed.
 * SQGP3 Every text is escaped, and nothing in the picture runs: names of a query are anybody's.
 */
import { titleOf, type ExplainedNode, type ExplainedPlan } from "./explain.ts";
import { layoutOf, type Line, type Placed, type Spacing } from "./plan-layout.ts";

const SPACING: Spacing = { boxWidth: 300, gapX: 70, gapY: 18, margin: 24 };
const [LINE, HEAD, PADDING] = [16, 22, 10];
/** Characters that fit into a line of a box: of a fixed width, 0.6 of the size of 11. */
const LINE_LENGTH = Math.floor((SPACING.boxWidth - 2 * PADDING) / 6.65);
/** Of one part. */
const LINES_MAX = 4;
const FOOT = 34;

type Box = {
  readonly id: string;
  readonly title: string;
  readonly lines: readonly string[];
  readonly tooltip: string;
  readonly look: "source" | "stateful" | "plain" | "sink";
  readonly inputs: readonly string[];
  readonly height: number;
};

export function explainSvg(plan: ExplainedPlan): string {
  const boxes = boxesOf(plan);
  const { width, height, boxes: placed, lines } = layoutOf(boxes, SPACING);
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const changesOf = new Map<string, string>(plan.nodes.map(({ uid, changes }) => [uid, changes]));
  const fullWidth = Math.max(width, 640);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${fullWidth}" height="${height + FOOT}" viewBox="0 0 ${fullWidth} ${height + FOOT}" role="img" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace">`,
    `<title>Plan of a SQL script, ${escaped(plan.mode)}</title>`,
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#5b6573"/></marker></defs>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    ...lines.map((line) => lineSvg(line, changesOf.get(line.from) ?? "append")),
    ...placed.map((place) => boxSvg(byId.get(place.id) as Box, place)),
    ...[...new Map(lines.map((line) => [line.from, line])).values()].map(({ from, points }) =>
      labelSvg(points[0] ?? [0, 0], changesOf.get(from) ?? "append"),
    ),
    legend(height, plan.mode),
    "</svg>",
    "",
  ].join("\n");
}

function boxesOf({ nodes, sinks, queries }: ExplainedPlan): readonly Box[] {
  const results = queries.map((input, index) => ({ uid: `result ${index + 1}`, title: "Result", input, parts: {} }));
  const ends = sinks.map(({ uid, table, input }) => ({ uid, title: "Sink", input, parts: { table } }));
  return [
    ...nodes.map((node) => box(node.uid, titleOf(node.kind), node, lookOf(node))),
    ...[...ends, ...results].map(({ uid, title, input, parts }) => box(uid, title, { parts, inputs: [input] }, "sink")),
  ];
}

function box(
  id: string,
  title: string,
  { parts, inputs }: Pick<ExplainedNode, "parts" | "inputs">,
  look: Box["look"],
): Box {
  const shown = Object.entries(parts).filter(([, value]) => value !== "");
  const lines = shown.flatMap(([name, value]) => wrapped(`${name}: ${value}`));
  const tooltip = [title, ...shown.map(([name, value]) => `${name}: ${value}`), id].join("\n");
  return { id, title, lines, tooltip, look, inputs, height: HEAD + lines.length * LINE + PADDING };
}

function lookOf({ kind, state }: ExplainedNode): Box["look"] {
  if (kind === "scan" || kind === "values") return "source";
  return state === null ? "plain" : "stateful";
}

/** Broken at spaces where there is one in the second half of a line; what is too long ends with …. */
function wrapped(text: string): readonly string[] {
  const lines: string[] = [];
  let rest = Array.from(text.replaceAll(/\s+/g, " "));
  while (rest.length > 0 && lines.length < LINES_MAX) {
    const indent = lines.length === 0 ? 0 : 2;
    const room = LINE_LENGTH - indent;
    const isLast = lines.length === LINES_MAX - 1;
    let taken = rest.slice(0, room);
    if (rest.length > room) {
      const space = taken.lastIndexOf(" ");
      if (isLast) taken = [...taken.slice(0, room - 1), "…"];
      else if (space > room / 2) taken = taken.slice(0, space + 1);
    }
    lines.push(" ".repeat(indent) + taken.join("").trimEnd());
    rest = isLast ? [] : rest.slice(taken.length);
  }
  return lines;
}

const COLORS: Readonly<Record<Box["look"], readonly [fill: string, edge: string]>> = {
  source: ["#eef6ee", "#3f8f4f"],
  stateful: ["#fdf3e4", "#c07818"],
  plain: ["#f4f6f8", "#8a94a3"],
  sink: ["#e9f0fb", "#2f66b5"],
};

function boxSvg({ title, lines, tooltip, look }: Box, { x, y, height }: Placed): string {
  const [fill, edge] = COLORS[look];
  const texts = lines.map(
    (line, index) =>
      `<text x="${x + PADDING}" y="${y + HEAD + (index + 1) * LINE - 3}" font-size="11" fill="#333a44" xml:space="preserve">${escaped(line)}</text>`,
  );
  return [
    `<g><title>${escaped(tooltip)}</title>`,
    `<rect x="${x}" y="${y}" width="${SPACING.boxWidth}" height="${height}" rx="6" fill="${fill}" stroke="${edge}" stroke-width="1.5"/>`,
    `<text x="${x + PADDING}" y="${y + HEAD - 5}" font-size="13" font-weight="bold" fill="#1d232b">${escaped(title)}</text>`,
    ...texts,
    "</g>",
  ].join("\n");
}

/** SQGP2 */
function lineSvg({ points }: Line, changes: string): string {
  const [first, ...others] = points.map(([x, y]) => [rounded(x), rounded(y)] as const);
  if (first === undefined) return "";
  let [fromX, fromY] = first;
  let path = `M${fromX} ${fromY}`;
  for (const [x, y] of others) {
    const half = rounded((fromX + x) / 2);
    path += y === fromY ? ` L${x} ${y}` : ` C${half} ${fromY} ${half} ${y} ${x} ${y}`;
    [fromX, fromY] = [x, y];
  }
  const dash = changes === "append" ? "" : ` stroke-dasharray="5 3"`;
  return `<path d="${path}" fill="none" stroke="#5b6573" stroke-width="1.4"${dash} marker-end="url(#arrow)"/>`;
}

/** Over the lines that leave a box: once, whoever takes its rows. */
const labelSvg = ([x, y]: readonly [number, number], changes: string): string =>
  `<text x="${rounded(x + 5)}" y="${rounded(y - 5)}" font-size="10" fill="#5b6573" stroke="#ffffff" stroke-width="3" paint-order="stroke">${escaped(changes)}</text>`;

const rounded = (value: number): number => Math.round(value * 10) / 10;

function legend(top: number, mode: string): string {
  const words = { source: "source", plain: "no state", stateful: "keeps state", sink: "result" } as const;
  const marks = (Object.keys(words) as (keyof typeof words)[]).map((look, index) => {
    const [fill, edge] = COLORS[look];
    const x = SPACING.margin + index * 110;
    return `<rect x="${x}" y="${top + 4}" width="14" height="12" rx="3" fill="${fill}" stroke="${edge}"/><text x="${x + 20}" y="${top + 14}" font-size="11" fill="#333a44">${words[look]}</text>`;
  });
  const last = `<text x="${SPACING.margin + 4 * 110}" y="${top + 14}" font-size="11" fill="#333a44">dashed: rows change · ${escaped(mode)}</text>`;
  return [...marks, last].join("\n");
}

/** SQGP3: also what XML has no place for. */
function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text
    .replaceAll(/[&<>"']/g, (character) => entities[character] ?? "")
    .replaceAll(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}
