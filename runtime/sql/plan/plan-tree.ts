/**
 * Owns: the plan of a query: operators over rows, each with what it emits. Plain immutable data.
 * Does not own: how it comes out of the typed tree, and how it is run.
 *
 * SQPT1 A node has its whole row: names are unique in it. Expressions name columns by their place in the row of the node's input, at depth 0; of a
 *     join by their place in the left row followed by the right one. No subquery, no aggregate and no OVER is left in them.
 * SQPT2 `uid` follows from what the node computes, not from its place in the plan: state finds its operator after an edit elsewhere.
 * SQPT3 Where `changes` is `append`, every row is an insert, forever.
 */
import type { Span } from "../syntax/span.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { AggregateUserFunction } from "../user-functions/bound-function.ts";
import type { CatalogTable } from "../validate/catalog.ts";
import type { LookupHint, TimeAttribute, TypedExpression } from "../validate/typed-tree.ts";

export type PlanColumn = { readonly name: string; readonly type: SqlType; readonly time: TimeAttribute | null };
export type PlanRow = readonly PlanColumn[];

/**
 * append: +I only · retract: +I -U +U -D, each -U and -D with the whole row that it takes back · upsert: +I +U -D by `keys`, without -U; of a -D only the key counts.
 */
export type Changes = "append" | "retract" | "upsert";

export type AggregateCall = {
  /** Of the function table, in upper case: `SUM`. */
  readonly name: string;
  /** Places in the input's row; none: COUNT(*). Constants are columns, too. */
  readonly arguments: readonly number[];
  readonly isDistinct: boolean;
  /** Place of a BOOLEAN: only rows where it is TRUE count; null: all. */
  readonly filter: number | null;
  readonly ignoresNulls: boolean;
  readonly order: readonly SortColumn[];
  readonly type: SqlType;
  /** Of the user; without it: a built-in one. */
  readonly user?: AggregateUserFunction;
};

export type SortColumn = {
  readonly column: number;
  readonly direction: "ASC" | "DESC";
  /** Resolved: as Flink, NULL is the least value unless the text says otherwise. */
  readonly nulls: "FIRST" | "LAST";
};

/** Of time, in milliseconds. `time`: place of the time attribute in the input's row. */
export type PlanWindow = { readonly time: number; readonly isProctime: boolean } & (
  | { readonly kind: "tumble"; readonly size: number; readonly offset: number }
  | { readonly kind: "hop"; readonly size: number; readonly slide: number; readonly offset: number }
  | { readonly kind: "cumulate"; readonly size: number; readonly step: number; readonly offset: number }
  | { readonly kind: "session"; readonly gap: number; readonly partition: readonly number[] }
);

/** What a window adds: its start, its end, its last millisecond (the new time attribute). */
export type WindowColumn = "start" | "end" | "time";

type Node<K extends string, T> = {
  readonly kind: K;
  readonly uid: string;
  readonly row: PlanRow;
  readonly changes: Changes;
  /** Places of columns that together are in one row only, at any time; several sets, or none. */
  readonly keys: readonly (readonly number[])[];
} & Readonly<T>;

/**
 * Milliseconds, more than 0, after which what was written to the state, and not again since, is gone (plan/state-ttl.ts). Absent: it stays as long as the job.
 */
export type Kept = { readonly ttl?: number };

/** Changes leave together: at the latest after so many rows, or so long after the first one. */
export type MiniBatch = { readonly size: number; readonly latencyMs: number };

/** Of the left and of the right side; null: it stays. */
export type SideTtls = readonly [left: number | null, right: number | null];

export type JoinType = "INNER" | "LEFT" | "RIGHT" | "FULL" | "SEMI" | "ANTI";

/** `leftKeys[i] = rightKeys[i]`, and `condition` over the left row followed by the right one. SEMI and ANTI emit the left row alone. */
type JoinParts = {
  readonly left: PlanNode;
  readonly right: PlanNode;
  readonly join: JoinType;
  readonly leftKeys: readonly number[];
  readonly rightKeys: readonly number[];
  readonly condition: TypedExpression | null;
};

/** `column`: place in `table.definition.columns`. `value` null: of IS NULL and IS NOT NULL. */
export type ScanFilter = {
  readonly column: number;
  readonly operator: "=" | "<>" | "<" | "<=" | ">" | ">=" | "IS NULL" | "IS NOT NULL";
  readonly value: bigint | string | null;
};

export type ScanNode = Node<
  "scan",
  {
    readonly name: string;
    readonly table: CatalogTable;
    /** Places of stored columns in `table.definition.columns`: what is read, in the order of the row. */
    readonly columns: readonly number[];
    /** What the table may test as well (scan-filters.ts): none of its rows that fail are needed. */
    readonly filters: readonly ScanFilter[];
  }
>;
/** Watermarks from the rows: `strategy` is the greatest time that may still be late, of each row. */
export type WatermarkNode = Node<
  "watermark",
  {
    readonly input: PlanNode;
    readonly time: number;
    readonly strategy: TypedExpression;
    /** The least time between two of them, in milliseconds of the clock, where mini-batches are above (SQPM3). */
    readonly everyMs?: number;
  }
>;
/** Of upserts by the key `by`: the changes, each -U and -D with the whole row that it takes back. */
export type NormalizeNode = Node<"normalize", Kept & { readonly input: PlanNode; readonly by: readonly number[] }>;
export type CalcNode = Node<
  "calc",
  {
    readonly input: PlanNode;
    readonly condition: TypedExpression | null;
    readonly values: readonly TypedExpression[];
    /** Updates whose row is the same before and after do not leave it (equal-updates.ts). */
    readonly leavesOutEqual?: true;
  }
>;
export type ValuesNode = Node<"values", { readonly rows: readonly (readonly TypedExpression[])[] }>;
/** All rows of all inputs. */
export type UnionNode = Node<"union", { readonly inputs: readonly PlanNode[] }>;
/** Each row once for each set: with NULL in the columns of `columns` that the set lacks, and behind them the set's number. */
export type ExpandNode = Node<
  "expand",
  { readonly input: PlanNode; readonly columns: readonly number[]; readonly sets: readonly (readonly number[])[] }
>;
/** Row: the keys, then the calls. Without keys: one row, also of no input. Without calls: DISTINCT. Without `miniBatch` changes leave row by row. */
export type AggregateNode = Node<
  "aggregate",
  Kept & {
    readonly input: PlanNode;
    readonly groupBy: readonly number[];
    readonly calls: readonly AggregateCall[];
    readonly miniBatch?: MiniBatch;
    /** Rows are added up where they are before they meet those of their key (two-phase.ts). */
    readonly isTwoPhase?: true;
  }
>;
/** Row: the keys, then the calls, then `adds`. */
export type WindowAggregateNode = Node<
  "windowAggregate",
  {
    readonly input: PlanNode;
    readonly window: PlanWindow;
    readonly groupBy: readonly number[];
    readonly calls: readonly AggregateCall[];
    readonly adds: readonly WindowColumn[];
  }
>;
/** Row: the input's, then start, end and time of the window; of HOP and CUMULATE each row once for each of its windows. */
export type WindowTableNode = Node<"windowTable", { readonly input: PlanNode; readonly window: PlanWindow }>;
export type JoinNode = Node<"join", JoinParts & { readonly ttl?: SideTtls }>;
/** `lower` ≤ left time - right time ≤ `upper`, in milliseconds. */
export type IntervalJoinNode = Node<
  "intervalJoin",
  JoinParts & {
    readonly leftTime: number;
    readonly rightTime: number;
    readonly lower: number;
    readonly upper: number;
    readonly isProctime: boolean;
  }
>;
/** Of both sides the rows of equal windows; the windows' start and end are among the keys. */
export type WindowJoinNode = Node<"windowJoin", JoinParts & { readonly leftEnd: number; readonly rightEnd: number }>;
/**
 * Each left row with the version of the right that was there at its time: of its key the newest whose time is not later. INNER and LEFT. Of the right, each row is a version of its
 * key, and one that is deleted says that from its time on there is none.
 */
export type TemporalJoinNode = Node<
  "temporalJoin",
  JoinParts & { readonly leftTime: number; readonly rightTime: number }
>;
/**
 * Each row with those that a table outside answers for it now. INNER and LEFT. Row: the input's, then `columns`. `condition`: over the input's row followed by what is read
 * (lookup-row.ts).
 */
export type LookupJoinNode = Node<
  "lookupJoin",
  {
    readonly input: PlanNode;
    readonly name: string;
    readonly table: CatalogTable;
    /** Places of stored columns in `table.definition.columns`: what is read, those of `asks` among them. */
    readonly columns: readonly number[];
    /** What the table is asked by. `place`: of the value in the input's row; `column`: as in `columns`. */
    readonly asks: readonly { readonly place: number; readonly column: number }[];
    readonly join: "INNER" | "LEFT";
    readonly condition: TypedExpression | null;
    readonly hint: LookupHint | null;
    /** Of the text, for messages. */
    readonly at: Span;
  }
>;
/** Rows `from` to `to` (from 1, both included) of each partition in that order. Row: the input's, and behind it the rank where `showsRank`. */
export type RankNode = Node<
  "rank",
  Kept & {
    readonly input: PlanNode;
    readonly partitionBy: readonly number[];
    readonly orderBy: readonly SortColumn[];
    readonly from: number;
    /** Null: no end (of OFFSET without LIMIT). */
    readonly to: number | null;
    readonly showsRank: boolean;
    /** The end of the window that the partition is of: a window's ranks are final. Null: results change. */
    readonly windowEnd: number | null;
  }
>;
/** Of each key the first or the last row by time. */
export type DeduplicateNode = Node<
  "deduplicate",
  Kept & {
    readonly input: PlanNode;
    readonly by: readonly number[];
    readonly time: number;
    readonly keep: "first" | "last";
  }
>;
/** All rows in that order, from `offset` on, at most `limit`; of bounded input, or by a rowtime attribute first. */
export type SortNode = Node<
  "sort",
  {
    readonly input: PlanNode;
    readonly orderBy: readonly SortColumn[];
    readonly offset: number;
    readonly limit: number | null;
  }
>;
/** Row: the input's, then the calls. */
export type OverNode = Node<
  "over",
  Kept & {
    readonly input: PlanNode;
    readonly partitionBy: readonly number[];
    readonly orderBy: readonly SortColumn[];
    /** Rows or milliseconds before the row; null: all. It ends with the current row (RANGE: with all rows of its time). */
    readonly frame: { readonly unit: "ROWS" | "RANGE"; readonly preceding: number | null };
    readonly calls: readonly AggregateCall[];
  }
>;
/** Row: the input's, then the columns of each element of `items`; LEFT keeps rows without elements. */
export type UnnestNode = Node<
  "unnest",
  {
    readonly input: PlanNode;
    readonly items: readonly TypedExpression[];
    readonly withOrdinality: boolean;
    readonly join: "INNER" | "LEFT";
  }
>;

export type PlanNode =
  | ScanNode
  | WatermarkNode
  | NormalizeNode
  | CalcNode
  | ValuesNode
  | UnionNode
  | ExpandNode
  | AggregateNode
  | WindowAggregateNode
  | WindowTableNode
  | JoinNode
  | IntervalJoinNode
  | WindowJoinNode
  | TemporalJoinNode
  | LookupJoinNode
  | RankNode
  | DeduplicateNode
  | SortNode
  | OverNode
  | UnnestNode;

/** INSERT INTO. The input's row is the table's writable columns, in their order. */
export type PlanSink = {
  readonly uid: string;
  readonly name: string;
  readonly table: CatalogTable;
  readonly input: PlanNode;
  /** What the columns of the input are, for the uids of what keeps its rows by the table's key. */
  readonly columns: string;
  /** INSERT OVERWRITE, of a batch: the rows take the place of what the table has. */
  readonly overwrites?: true;
  /** Of the rows that it keeps by the table's key, where it does. */
  readonly ttl?: number;
};

/** streaming: results as they change · batch: all inputs are bounded, and only final rows are emitted. */
export type PlanMode = "streaming" | "batch";
