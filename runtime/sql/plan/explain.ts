/**
 * Owns: a plan as text and as JSON: what EXPLAIN shows.
 *
 * SQPL1 A node is on one line, below what takes its rows; a node that several take is shown whole the first time, and by its uid from then on.
 */
import { formatDuration } from "../../../base/index.ts";
import { stringText } from "../syntax/expression-text.ts";
import { typeText } from "../types/sql-type.ts";
import { quoted } from "../validate/names.ts";
import type { LookupHint } from "../validate/typed-tree.ts";
import { lookupRow } from "./lookup-row.ts";
import type { ScriptPlan } from "./plan-script.ts";
import type { AggregateCall, PlanNode, PlanRow, PlanSink, ScanFilter, SortColumn } from "./plan-tree.ts";
import { inputsOf } from "./rebuilt.ts";
import { type NodeState, stateOfNode, stateOfRow } from "./node-state.ts";
import { keyOfSink, keyStepsOf } from "./sink-steps.ts";
import { typedText } from "./typed-text.ts";
import { localUidOf } from "./uids.ts";
import { describeWindow } from "./windows.ts";

type Plan = ScriptPlan & { readonly kind: "plan" };

export function explainText({ sinks, queries, mode }: Plan): string {
  const shown = new Set<string>();
  const lines: string[] = [];
  for (const { name, uid, input, overwrites } of sinks) {
    const how = overwrites === true ? ", overwrite=[true]" : "";
    lines.push(`Sink(table=[${name}]${how}, changes=[${input.changes}], uid=[${uid}])`);
    addTree(input, { depth: 0, shown, lines });
  }
  for (const { input } of queries) {
    lines.push(`Result(fields=[${input.row.map(({ name }) => quoted(name)).join(", ")}], changes=[${input.changes}])`);
    addTree(input, { depth: 0, shown, lines });
  }
  return [`mode: ${mode}`, ...lines].join("\n");
}

type Page = { readonly depth: number; readonly shown: Set<string>; readonly lines: string[] };

function addTree(node: PlanNode, { depth, shown, lines }: Page): void {
  const head = `${"   ".repeat(depth)}+- `;
  if (shown.has(node.uid)) {
    lines.push(`${head}Reused(uid=[${node.uid}])`);
    return;
  }
  shown.add(node.uid);
  const parts = partsOf(node).map(([name, value]) => `${name}=[${value}]`);
  const isTwoPhase = node.kind === "aggregate" && node.isTwoPhase === true;
  const title = isTwoPhase ? `Global${titles.aggregate}` : titles[node.kind];
  lines.push(`${head}${title}(${[...parts, `changes=[${node.changes}]`, `uid=[${node.uid}]`].join(", ")})`);
  if (isTwoPhase) lines.push(`${"   ".repeat(depth + 1)}+- ${localText(node)}`);
  for (const input of inputsOf(node)) addTree(input, { depth: depth + (isTwoPhase ? 2 : 1), shown, lines });
}

/** The operator ahead of the edge by its keys, which is no node. */
function localText(node: PlanNode): string {
  const parts = ownPartsOf(node).map(([name, value]) => `${name}=[${value}]`);
  return `Local${titles.aggregate}(${[...parts, "changes=[append]", `uid=[${localUidOf(node)}]`].join(", ")})`;
}

export const titleOf = (kind: PlanNode["kind"]): string => titles[kind];

/** As Flink calls them, where it has one. */
const titles: Readonly<Record<PlanNode["kind"], string>> = {
  scan: "TableSourceScan",
  watermark: "WatermarkAssigner",
  normalize: "ChangelogNormalize",
  calc: "Calc",
  values: "Values",
  union: "Union",
  expand: "Expand",
  aggregate: "GroupAggregate",
  windowAggregate: "WindowAggregate",
  windowTable: "WindowTableFunction",
  join: "Join",
  intervalJoin: "IntervalJoin",
  windowJoin: "WindowJoin",
  temporalJoin: "TemporalJoin",
  lookupJoin: "LookupJoin",
  rank: "Rank",
  deduplicate: "Deduplicate",
  sort: "Sort",
  over: "OverAggregate",
  unnest: "Unnest",
};

export type ExplainedNode = {
  readonly uid: string;
  readonly kind: PlanNode["kind"];
  readonly inputs: readonly string[];
  readonly changes: PlanNode["changes"];
  readonly keys: readonly (readonly string[])[];
  readonly row: readonly { readonly name: string; readonly type: string; readonly time: string | null }[];
  readonly parts: Readonly<Record<string, string>>;
  /** What its state holds; null: it has none. */
  readonly state: NodeState | null;
};

/** What keeps rows in front of a table, by its key (TSKR1, TSKR2). */
export type ExplainedKeeper = {
  readonly uid: string;
  readonly kind: "normalize" | "rowsByKey";
  readonly parts: Readonly<Record<string, string>>;
  readonly state: NodeState;
};

export type ExplainedPlan = {
  readonly mode: Plan["mode"];
  readonly timeZone: string;
  /** Each once, inputs first. */
  readonly nodes: readonly ExplainedNode[];
  readonly sinks: readonly {
    readonly uid: string;
    readonly table: string;
    readonly input: string;
    readonly keeps: readonly ExplainedKeeper[];
  }[];
  /** Uids of what queries give. */
  readonly queries: readonly string[];
};

export function explainJson({ sinks, queries, mode, timeZone }: Plan): ExplainedPlan {
  const nodes = new Map<string, ExplainedNode>();
  const add = (node: PlanNode): string => {
    if (nodes.has(node.uid)) return node.uid;
    const inputs = inputsOf(node).map(add);
    const { uid, kind, changes, keys, row } = node;
    nodes.set(uid, {
      uid,
      kind,
      inputs,
      changes,
      keys: keys.map((key) => key.map((place) => row[place]?.name ?? "")),
      row: row.map(({ name, type, time }) => ({ name, type: typeText(type), time })),
      parts: Object.fromEntries(partsOf(node)),
      state: stateOfNode(node),
    });
    return uid;
  };
  const sinkParts = sinks.map((sink) => ({
    uid: sink.uid,
    table: sink.name,
    input: add(sink.input),
    keeps: keepersOf(sink),
  }));
  const queryParts = queries.map(({ input }) => add(input));
  return { mode, timeZone, nodes: [...nodes.values()], sinks: sinkParts, queries: queryParts };
}

function keepersOf(sink: PlanSink): readonly ExplainedKeeper[] {
  const { input, table, ttl } = sink;
  const by = keyOfSink(table);
  if (by === null) return [];
  const state = stateOfRow(input.row);
  const expiry = ttl === undefined ? {} : { stateTtl: formatDuration(ttl) };
  return keyStepsOf(sink, by).map(({ kind, uid, key }) => {
    return { uid, kind, parts: { key: list(input.row, key), ...expiry }, state };
  });
}

type Parts = readonly (readonly [name: string, value: string])[];

const nameIn =
  (row: PlanRow) =>
  (index: number): string =>
    quoted(row[index]?.name ?? `$${index}`);

const list = (row: PlanRow, places: readonly number[]): string => places.map(nameIn(row)).join(", ");

function orderText(row: PlanRow, order: readonly SortColumn[]): string {
  return order
    .map(({ column, direction, nulls }) => {
      const usual = (direction === "ASC") === (nulls === "FIRST");
      return `${nameIn(row)(column)} ${direction}${usual ? "" : ` NULLS ${nulls}`}`;
    })
    .join(", ");
}

function callText(row: PlanRow, call: AggregateCall, as: string): string {
  const { name, arguments: args, isDistinct, filter, ignoresNulls, order } = call;
  const parts = args.length === 0 && name === "COUNT" ? "*" : list(row, args);
  return [
    `${name}(${isDistinct ? "DISTINCT " : ""}${parts})`,
    ignoresNulls ? " IGNORE NULLS" : "",
    order.length === 0 ? "" : ` WITHIN GROUP (ORDER BY ${orderText(row, order)})`,
    filter === null ? "" : ` FILTER ${nameIn(row)(filter)}`,
    ` AS ${quoted(as)}`,
  ].join("");
}

function callsText(
  node: PlanNode & { readonly calls: readonly AggregateCall[]; readonly input: PlanNode },
  from: number,
): string {
  return node.calls.map((call, index) => callText(node.input.row, call, node.row[from + index]?.name ?? "")).join(", ");
}

function partsOf(node: PlanNode): Parts {
  return [...ownPartsOf(node), ...ttlParts(node), ...miniBatchParts(node)];
}

function miniBatchParts(node: PlanNode): Parts {
  if (!("miniBatch" in node) || node.miniBatch === undefined) return [];
  const { size, latencyMs } = node.miniBatch;
  const phases: Parts = node.isTwoPhase === true ? [["phases", "local, global"]] : [];
  return [...phases, ["miniBatch", `${size} rows, ${formatDuration(latencyMs)}`]];
}

function ttlParts(node: PlanNode): Parts {
  if (!("ttl" in node) || node.ttl === undefined) return [];
  const text = (ttl: number | null): string => (ttl === null ? "none" : formatDuration(ttl));
  const { ttl } = node;
  return [["stateTtl", typeof ttl === "number" ? text(ttl) : `left ${text(ttl[0])}, right ${text(ttl[1])}`]];
}

/** What the node does, part by part. */
export function ownPartsOf(node: PlanNode): Parts {
  switch (node.kind) {
    case "scan":
      return [
        ["table", node.name],
        [
          "fields",
          list(
            node.row,
            node.row.map((_, index) => index),
          ),
        ],
        ...(node.filters.length === 0
          ? []
          : ([["filters", node.filters.map((each) => filterText(node, each)).join(" AND ")]] as const)),
      ];
    case "watermark":
      return [
        ["rowtime", nameIn(node.input.row)(node.time)],
        ["watermark", typedText(node.strategy, nameIn(node.input.row))],
        ...(node.everyMs === undefined ? [] : ([["every", formatDuration(node.everyMs)]] as const)),
      ];
    case "normalize":
      return [["key", list(node.row, node.by)]];
    case "calc": {
      const select = node.values.map((value, index) => {
        const [text, name] = [typedText(value, nameIn(node.input.row)), nameIn(node.row)(index)];
        return text === name ? text : `${text} AS ${name}`;
      });
      const where: Parts =
        node.condition === null ? [] : [["where", typedText(node.condition, nameIn(node.input.row))]];
      return [["select", select.join(", ")], ...where];
    }
    case "values": {
      const rows = node.rows.map((row) => `(${row.map((value) => typedText(value, () => "")).join(", ")})`);
      return [["rows", rows.join(", ")]];
    }
    case "union":
      return [
        [
          "fields",
          list(
            node.row,
            node.row.map((_, index) => index),
          ),
        ],
      ];
    case "expand":
      return [["sets", node.sets.map((set) => `{${list(node.input.row, set)}}`).join(", ")]];
    case "unnest":
      return [
        ["items", node.items.map((item) => typedText(item, nameIn(node.input.row))).join(", ")],
        ["join", node.join],
        ...(node.withOrdinality ? ([["ordinality", "true"]] as const) : []),
      ];
    default:
      return statefulParts(node);
  }
}

type Stateless = "scan" | "watermark" | "normalize" | "calc" | "values" | "union" | "expand" | "unnest";

function statefulParts(node: Exclude<PlanNode, { readonly kind: Stateless }>): Parts {
  switch (node.kind) {
    case "aggregate":
      return [
        ["groupBy", list(node.input.row, node.groupBy)],
        ["select", callsText(node, node.groupBy.length)],
      ];
    case "windowAggregate":
      return [
        ["groupBy", list(node.input.row, node.groupBy)],
        ["window", `${describeWindow(node.window)} on ${nameIn(node.input.row)(node.window.time)}`],
        ["select", callsText(node, node.groupBy.length)],
        ["adds", node.adds.join(", ")],
      ];
    case "windowTable":
      return [["window", `${describeWindow(node.window)} on ${nameIn(node.input.row)(node.window.time)}`]];
    case "lookupJoin":
      return lookupParts(node);
    case "rank":
      return [
        ["partitionBy", list(node.input.row, node.partitionBy)],
        ["orderBy", orderText(node.input.row, node.orderBy)],
        ["range", `${node.from} to ${node.to ?? "the end"}`],
        ["showsRank", String(node.showsRank)],
        ...(node.windowEnd === null ? [] : ([["windowEnd", nameIn(node.input.row)(node.windowEnd)]] as const)),
      ];
    case "deduplicate":
      return [
        ["keep", node.keep],
        ["key", list(node.input.row, node.by)],
        ["order", nameIn(node.input.row)(node.time)],
      ];
    case "sort":
      return [
        ["orderBy", orderText(node.input.row, node.orderBy)],
        ["offset", String(node.offset)],
        ["limit", String(node.limit ?? "none")],
      ];
    case "over": {
      const { unit, preceding } = node.frame;
      return [
        ["partitionBy", list(node.input.row, node.partitionBy)],
        ["orderBy", orderText(node.input.row, node.orderBy)],
        ["frame", `${unit} BETWEEN ${preceding ?? "UNBOUNDED"} PRECEDING AND CURRENT ROW`],
        ["select", callsText(node, node.input.row.length)],
      ];
    }
    default:
      return joinParts(node);
  }
}

function joinParts(node: PlanNode & { readonly kind: "join" | "intervalJoin" | "windowJoin" | "temporalJoin" }): Parts {
  const { left, right, leftKeys, rightKeys, condition, join } = node;
  const on = leftKeys.map((key, index) => `${nameIn(left.row)(key)} = ${nameIn(right.row)(rightKeys[index] ?? -1)}`);
  const both = [
    ...left.row.map(({ name }) => `left.${quoted(name)}`),
    ...right.row.map(({ name }) => `right.${quoted(name)}`),
  ];
  const where: Parts = condition === null ? [] : [["where", typedText(condition, (index) => both[index] ?? "")]];
  const bounds: Parts =
    node.kind === "intervalJoin"
      ? [
          [
            "within",
            `${node.lower} ms <= left.${nameIn(left.row)(node.leftTime)} - right.${nameIn(right.row)(node.rightTime)} <= ${node.upper} ms`,
          ],
        ]
      : node.kind === "windowJoin"
        ? [["window", `${nameIn(left.row)(node.leftEnd)} = ${nameIn(right.row)(node.rightEnd)}`]]
        : node.kind === "temporalJoin"
          ? [
              [
                "asOf",
                `left.${nameIn(left.row)(node.leftTime)}, versions by right.${nameIn(right.row)(node.rightTime)}`,
              ],
            ]
          : [];
  return [["join", join], ["on", on.join(", ")], ...bounds, ...where];
}

function hintParts(hint: LookupHint | null): Parts {
  const said = Object.entries(hint ?? {}).filter(([, value]) => value !== null);
  return said.length === 0
    ? []
    : [["hint", said.map(([name, value]) => `${name}: ${JSON.stringify(value)}`).join(", ")]];
}

function filterText({ table }: PlanNode & { readonly kind: "scan" }, { column, operator, value }: ScanFilter): string {
  const name = quoted(table.schema.columns[column]?.name ?? "");
  if (value === null) return `${name} ${operator}`;
  return `${name} ${operator} ${typeof value === "bigint" ? value : stringText(value)}`;
}

function lookupParts(node: PlanNode & { readonly kind: "lookupJoin" }): Parts {
  const { input, asks, table, condition } = node;
  const found = lookupRow(node).map(({ name }) => quoted(name));
  const on = asks.map(({ place, column }) => {
    return `${quoted(table.schema.columns[column]?.name ?? "")} = ${nameIn(input.row)(place)}`;
  });
  const both = [...input.row.map(({ name }) => `left.${quoted(name)}`), ...found.map((name) => `right.${name}`)];
  const where: Parts = condition === null ? [] : [["where", typedText(condition, (index) => both[index] ?? "")]];
  return [
    ["table", node.name],
    ["join", node.join],
    ["on", on.join(", ")],
    ["fields", found.join(", ")],
    ...where,
    ...hintParts(node.hint),
  ];
}
