/**
 * Owns: the port between the tables of SQL and connectors: what a table says of itself, and what a connector makes of it.
 *
 * TBCT1 A source gives batches whose rows are those of rowTypeOf for the columns that were asked for, in their order. What it gives beside inserts, it
 *     says as row kinds, and in `changes`.
 * TBCT2 A sink is an operator that makes records of batches, and a sink of those records, in one chain. Without an encoder the sink takes batches itself.
 * TBCT4 A lookup is asked by values that are not NULL, as rows have them.
 * TBCT3 Where `keyColumns` are given, the rows of one key have to reach one subtask, in their order.
 */
import type { AsyncFunction, OperatorContext, OperatorFactory, Sink, Source } from "../ports/index.ts";
import type { ValueType } from "../record/index.ts";
import type { Changes, ScanFilter, SqlType } from "../sql/index.ts";

export type TableColumn = {
  readonly name: string;
  readonly type: SqlType;
  /** The key of a metadata column, as in METADATA FROM 'timestamp'; null: the column is stored. */
  readonly metadata: string | null;
};

export type TableDescription = {
  readonly name: string;
  /** Not computed ones. Of a sink: those that it writes. */
  readonly columns: readonly TableColumn[];
  /** Names; empty: there is no key. */
  readonly primaryKey: readonly string[];
  /** Names; empty: there are no partitions. */
  readonly partitionedBy?: readonly string[];
  /** WITH. */
  readonly options: Readonly<Record<string, string>>;
};

export type TableSource = {
  readonly source: Source<unknown>;
  readonly changes: Changes;
};

export type TableSink = {
  /** Null: the sink takes batches (TBCT2). */
  readonly encoder: OperatorFactory<unknown, unknown> | null;
  /** Of what comes out of the encoder. */
  readonly recordType: ValueType<unknown>;
  readonly sink: Sink<unknown>;
  /** Null: rows may come anywhere (TBCT3). */
  readonly keyColumns: readonly string[] | null;
};

/** What is asked of a table. Places of its columns; those of `asks` are among `columns`. */
export type LookupUse = { readonly columns: readonly number[]; readonly asks: readonly number[] };

/** Rows with the names of the columns that are read, with values as rowTypeOf says. */
type FoundRow = Readonly<Record<string, unknown>>;

/** Asked for single rows: by values in the order of `asks`. More rows than those that have them may come (SQAK2). */
export type AskedTable = {
  readonly kind: "asked";
  readonly fn: AsyncFunction<readonly unknown[], readonly FoundRow[], unknown>;
  /** How often a call that failed, and may succeed, is made again. */
  readonly retries: number;
};

/** Read whole, and asked then. */
export type LoadedTable = {
  readonly kind: "loaded";
  readonly load: (context: LoadContext) => Promise<readonly FoundRow[]>;
};

export type LoadContext = Pick<OperatorContext, "uid" | "subtask" | "clock" | "log" | "metrics">;

export type TableLookup = AskedTable | LoadedTable;

/** A table's connector, its options read. Errors of both: TableError. */
export type TableConnector = {
  /**
   * `columns`: places of the columns that are read, in the order of the rows. `filters`, with places as these: rows that fail one of them need not come. Default: all come.
   */
  source?(columns: readonly number[], filters?: readonly ScanFilter[]): TableSource;
  /** `changes`: of the rows that come. */
  sink?(changes: Changes): TableSink;
  /** As `sink`, in one subtask: its rows take the place of what the table has, when all are there. */
  overwritingSink?(changes: Changes): TableSink;
  lookup?(use: LookupUse): TableLookup;
};
