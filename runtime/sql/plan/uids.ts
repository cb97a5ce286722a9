/**
 * Owns: the uids of a plan's nodes.
 *
 * SQPU1 A uid comes from what its node computes, in the words of the tables' columns: from its keys, functions and times, and from those of the nodes with
 *     state below it, but not from conditions, from the order of columns, or from columns that pass through. So state finds its node when a filter
 *     changes, a column is added, or another query is written beside it.
 * SQPU2 Nodes that do the same with the same input are one node, with one uid. Where two that differ would have one uid, the first in the script has it,
 *     and the other one gets the text of its whole plan mixed in; a scan at first without the conditions that its table tests.
 * SQPU3 Of a node that keeps whole rows every column counts, with its name: what was kept has the columns of then, and a column that is added, or has another
 *     name, would be NULL in it, unseen.
 * SQPU4 State that expires has when it was written, and is other state than what stays: whether it does counts, and not after how long.
 * SQPU5 A lookup in a table that is asked has the rows in its state that wait for answers; one that is read whole has no state, and would drop those of a savepoint unseen.
 */
import { describeWindow } from "./windows.ts";
import { inputsOf, overInputs } from "./rebuilt.ts";
import type { AggregateCall, PlanNode, PlanRow, SortColumn } from "./plan-tree.ts";
import { type NameOf, typedText } from "./typed-text.ts";
import type { CatalogTable } from "../validate/catalog.ts";
import type { TypedExpression } from "../validate/typed-tree.ts";
import { partsOf } from "../validate/values.ts";
import { isReadWhole } from "../validate/whole-lookups.ts";

/** What the columns of a node are, in the words of tables. */
type Meanings = readonly string[];
/** `text`: what counts for the uid; `whole`: everything. Hashes: plans are trees of trees. */
type Described = { readonly meanings: Meanings; readonly text: string; readonly whole: string };

/** Gives uids to nodes, and makes equal nodes one: those of one script, or of all scripts of a job. */
export class Uids {
  /** By their whole text. */
  readonly #nodes = new Map<string, PlanNode>();
  readonly #named = new Map<PlanNode, PlanNode>();
  /** Tables of one name may be several: with options of a hint, or made anew. */
  readonly #tables = new Map<CatalogTable, string>();
  readonly #described = new Map<PlanNode, Described>();
  readonly #taken = new Map<string, string>();

  /** The same plan, with uids. */
  named(node: PlanNode): PlanNode {
    const done = this.#named.get(node);
    if (done !== undefined) return done;
    const named = this.#name(node);
    this.#named.set(node, named);
    return named;
  }

  #name(node: PlanNode): PlanNode {
    const inputs = inputsOf(node).map((input) => this.named(input));
    const over = overInputs(node, inputs);
    const below = inputs.map((input) => this.describedOf(input));
    const table = node.kind === "scan" || node.kind === "lookupJoin" ? this.#textOf(node.table) : "";
    const described = describe(over, below, table);
    const known = this.#nodes.get(described.whole);
    if (known !== undefined) return known;
    const { text, whole } = described;
    // SQPU2
    const mixed = over.kind === "scan" ? describe({ ...over, filters: [] }, below, table).whole : whole;
    const named = { ...over, uid: this.#uidOf(node.kind, text, { whole, mixed: [mixed, whole] }) };
    this.#nodes.set(described.whole, named);
    this.#described.set(named, described);
    return named;
  }

  /** Of a node that has its uid. */
  describedOf(node: PlanNode): Described {
    const described = this.#described.get(node);
    if (described === undefined) throw new RangeError(`the ${node.kind} has no uid yet`);
    return described;
  }

  /** Of the columns of a node, with their names: for who keeps its rows outside of the plan (SQPU3). */
  columnsOf(node: PlanNode): string {
    const { meanings } = this.describedOf(node);
    return hashOf(columnsText(node.row, (index) => meanings[index] ?? ""));
  }

  #textOf(table: CatalogTable): string {
    const text = this.#tables.get(table) ?? hashOf(JSON.stringify([table.definition, table.given], withoutPlaces));
    this.#tables.set(table, text);
    return text;
  }

  /** Of what is never one with another: the first that asks for the text has it, the second another one. */
  uniqueOf(kind: string, text: string): string {
    for (let number = 0; ; number++) {
      const uid = uidText(kind, number === 0 ? text : `${text} ${number}`);
      if (this.#taken.has(uid)) continue;
      this.#taken.set(uid, uid);
      return uid;
    }
  }

  /** `mixed`: what is mixed in, one after the other, until the uid is free. */
  #uidOf(
    kind: string,
    text: string,
    { whole, mixed }: { readonly whole: string; readonly mixed: readonly string[] },
  ): string {
    const uid = uidText(kind, text);
    const owner = this.#taken.get(uid);
    if (owner === undefined || owner === whole) {
      this.#taken.set(uid, whole);
      return uid;
    }
    const [next = whole, ...rest] = mixed;
    return this.#uidOf(kind, `${text}\n${next}`, { whole, mixed: rest });
  }
}

/** Of the operator that adds rows up ahead of that of the node. */
export const localUidOf = ({ uid }: PlanNode): string => `${uid}-local`;

const uidText = (kind: string, text: string): string =>
  `${kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-${hashOf(text)}`;

function describe(node: PlanNode, inputs: readonly Described[], table: string): Described {
  const below = inputs.flatMap(({ meanings }) => meanings);
  const name = (index: number): string => below[index] ?? `?${index}`;
  const own = ownText(node, name);
  const meanings = meaningsOf(node, name, own);
  const sources = inputs.map(({ text }) => text).join(" & ");
  const text = keepsState(node) ? hashOf(`${own} of (${sources})`) : sources;
  const whole = hashOf(`${table} ${wholeText(node)} of (${inputs.map((input) => input.whole).join(" & ")})`);
  return { meanings, text, whole };
}

/** What has no state of its own does not count for what is above it (SQPU1). */
export const keepsState = ({ kind }: PlanNode): boolean =>
  kind !== "calc" && kind !== "watermark" && kind !== "union" && kind !== "unnest" && kind !== "expand";

const ROW_KEEPERS: readonly PlanNode["kind"][] = [
  "join",
  "intervalJoin",
  "windowJoin",
  "temporalJoin",
  "lookupJoin",
  "rank",
  "deduplicate",
  "normalize",
  "sort",
  "over",
];

/** Sessions as a table wait with their rows until they end. */
export const keepsRows = (node: PlanNode): boolean =>
  ROW_KEEPERS.includes(node.kind) || (node.kind === "windowTable" && node.window.kind === "session");

type Names = (index: number) => string;

const list = (places: readonly number[], name: Names): string => places.map(name).join(", ");
const orderText = (order: readonly SortColumn[], name: Names): string =>
  order.map(({ column, direction }) => `${name(column)} ${direction}`).join(", ");

/** With the signatures of the user's functions in it. */
function meaningOf(value: TypedExpression, name: NameOf): string {
  const signatures = signaturesIn(value);
  return signatures.length === 0 ? typedText(value, name) : `${typedText(value, name)} with ${signatures.join("; ")}`;
}

const signaturesIn = (value: TypedExpression): readonly string[] => [
  ...(value.kind === "userCall" ? [value.function.signature] : []),
  ...partsOf(value).flatMap(signaturesIn),
];

function callText(call: AggregateCall, name: Names): string {
  const order = call.order.length === 0 ? "" : ` ORDER BY ${orderText(call.order, name)}`;
  const filter = call.filter === null ? "" : ` FILTER ${name(call.filter)}`;
  return `${call.user?.signature ?? call.name}(${call.isDistinct ? "DISTINCT " : ""}${list(call.arguments, name)}${order})${filter}`;
}

/**
 * SQPU3. Of nodes that keep rows: all columns, each with its name, in no order. Rows that come later, and those that take others back, are compared with
 * kept ones by them.
 */
function keptText(node: PlanNode, name: Names): string {
  const rows = "left" in node ? [...node.left.row, ...node.right.row] : (inputsOf(node)[0]?.row ?? []);
  return ` keeping ${columnsText(rows, name)}`;
}

const columnsText = (row: PlanRow, name: Names): string =>
  row
    .map((column, index) => `${column.name} = ${name(index)}`)
    .toSorted()
    .join(", ");

function ownText(node: PlanNode, name: Names): string {
  const text = functionText(node, name) + expiringText(node);
  return keepsRows(node) ? text + keptText(node, name) : text;
}

/** SQPU4 */
function expiringText(node: PlanNode): string {
  if (!("ttl" in node) || node.ttl === undefined) return "";
  const { ttl } = node;
  return typeof ttl === "number" ? " expiring" : ` expiring ${ttl.map((side) => side !== null).join(", ")}`;
}

function functionText(node: PlanNode, name: Names): string {
  switch (node.kind) {
    case "scan":
      return `scan ${node.name}`;
    case "values":
      return `values ${node.rows.map((row) => row.map((value) => typedText(value, name)).join(", ")).join("; ")}`;
    case "aggregate":
      return `aggregate by ${list(node.groupBy, name)}: ${node.calls.map((call) => callText(call, name)).join(", ")}`;
    case "windowAggregate": {
      const calls = node.calls.map((call) => callText(call, name)).join(", ");
      return `${describeWindow(node.window)} at ${name(node.window.time)} by ${list(node.groupBy, name)}: ${calls}`;
    }
    case "windowTable":
      return `${describeWindow(node.window)} at ${name(node.window.time)}`;
    case "join":
    case "intervalJoin":
    case "windowJoin":
    case "temporalJoin": {
      const width = node.left.row.length;
      const keys = node.leftKeys.map((key, index) => `${name(key)} = ${name(width + (node.rightKeys[index] ?? 0))}`);
      const bounds = node.kind === "intervalJoin" ? ` in ${node.lower} to ${node.upper}` : "";
      const times =
        node.kind === "temporalJoin" ? ` as of ${name(node.leftTime)}, ${name(width + node.rightTime)}` : "";
      return `${node.kind} ${node.join} on ${keys.join(", ")}${bounds}${times}`;
    }
    case "lookupJoin": {
      const keys = node.asks.map(({ place, column }) => `${node.table.schema.columns[column]?.name} = ${name(place)}`);
      // SQPU5
      const how = isReadWhole(node.table) ? "whole, " : "";
      return `lookup ${node.join} in ${how}${node.name} on ${keys.join(", ")}`;
    }
    case "rank":
      return `rank ${node.from} to ${node.to} of ${list(node.partitionBy, name)} by ${orderText(node.orderBy, name)}`;
    case "deduplicate":
      return `${node.keep} of ${list(node.by, name)} by ${name(node.time)}`;
    case "unnest":
      return `unnest ${node.items.map((item) => meaningOf(item, name)).join(", ")}`;
    case "normalize":
      return `changes of ${list(node.by, name)}`;
    case "sort":
      return `sort by ${orderText(node.orderBy, name)}, ${node.offset}, ${node.limit}`;
    case "over": {
      const { unit, preceding } = node.frame;
      const frame = `${unit} ${preceding} of ${list(node.partitionBy, name)} by ${orderText(node.orderBy, name)}`;
      return `over ${frame}: ${node.calls.map((call) => callText(call, name)).join(", ")}`;
    }
    default:
      return node.kind;
  }
}

function meaningsOf(node: PlanNode, name: Names, own: string): Meanings {
  switch (node.kind) {
    case "scan":
      return node.row.map((column) => `${node.name}.${column.name}`);
    case "calc":
      return node.values.map((value) => meaningOf(value, name));
    case "values":
      return node.row.map((column) => column.name);
    case "aggregate":
      return [...node.groupBy.map(name), ...node.calls.map((call) => callText(call, name))];
    case "windowAggregate": {
      const adds = node.adds.map((add) => `${add} of ${describeWindow(node.window)}`);
      return [...node.groupBy.map(name), ...node.calls.map((call) => callText(call, name)), ...adds];
    }
    default:
      // Columns that pass, then those that the node adds.
      return node.row.map((column, index) => (index < passed(node) ? name(index) : `${column.name} of ${own}`));
  }
}

const passed = (node: PlanNode): number => ("left" in node ? node.row.length : (inputsOf(node)[0]?.row.length ?? 0));

/** Of a node: what its inputs say themselves, where it stands in the text, and when it emits (SQPM1). */
const LEFT_OUT: ReadonlySet<string> = new Set([
  "input",
  "inputs",
  "left",
  "right",
  "at",
  "table",
  "miniBatch",
  "everyMs",
  "isTwoPhase",
  "leavesOutEqual",
]);

/** All that the node does, with its columns' places. */
function wholeText(node: PlanNode): string {
  const { uid: _uid, ...rest } = node;
  return JSON.stringify(rest, (key, value) =>
    LEFT_OUT.has(key) ? undefined : typeof value === "bigint" ? String(value) : (value as unknown),
  );
}

const withoutPlaces = (key: string, value: unknown): unknown => (key === "at" ? undefined : value);

/** FNV-1a of 64 bits, in hexadecimal digits. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const character of text) {
    hash ^= BigInt(character.codePointAt(0) ?? 0);
    hash = (hash * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash.toString(16).padStart(16, "0");
}
