/**
 * Owns: the syntax tree of statements. Rules as in expression-tree.ts (SQLN1, SQLN2).
 */
import type { Expression, Identifier, QualifiedName, TypeName } from "./expression-tree.ts";
import type { Hint, Query } from "./query-tree.ts";
import type { Span } from "./span.ts";

type Node<K extends string, T = object> = { readonly kind: K; readonly at: Span } & Readonly<T>;

/** `'connector' = 'kafka'`. */
export type TableOption = Node<"option", { key: string; value: string }>;

export type ColumnDefinition =
  | Node<"physicalColumn", { name: Identifier; type: TypeName; comment: string | null }>
  /** `total AS price * pieces`. */
  | Node<"computedColumn", { name: Identifier; value: Expression; comment: string | null }>
  /** `ts TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL`. */
  | Node<
      "metadataColumn",
      { name: Identifier; type: TypeName; key: string | null; isVirtual: boolean; comment: string | null }
    >;

/** `WATERMARK FOR ts AS ts - INTERVAL '5' SECOND`; the column may be a field of a row. */
export type WatermarkDefinition = Node<"watermark", { column: QualifiedName; strategy: Expression }>;

/** Always NOT ENFORCED, or the statement is refused (SQLC1). */
export type PrimaryKey = Node<"primaryKey", { constraint: Identifier | null; columns: readonly Identifier[] }>;

export type LikeOption = {
  readonly strategy: "INCLUDING" | "EXCLUDING" | "OVERWRITING";
  readonly feature:
    | "ALL"
    | "CONSTRAINTS"
    | "DISTRIBUTION"
    | "GENERATED"
    | "METADATA"
    | "OPTIONS"
    | "PARTITIONS"
    | "WATERMARKS";
};

export type TableLike = Node<"like", { source: QualifiedName; options: readonly LikeOption[] }>;

export type TableSchema = {
  readonly columns: readonly ColumnDefinition[];
  readonly watermark: WatermarkDefinition | null;
  readonly primaryKey: PrimaryKey | null;
};

/** Where ALTER TABLE ADD and MODIFY put a column. */
export type ColumnPosition = { readonly kind: "first" } | { readonly kind: "after"; readonly column: Identifier };
export type PlacedColumn = { readonly column: ColumnDefinition; readonly position: ColumnPosition | null };

export type AlterTableAction =
  | Node<"rename", { to: QualifiedName }>
  | Node<"renameColumn", { from: Identifier; to: Identifier }>
  | Node<"setOptions", { options: readonly TableOption[] }>
  | Node<"resetOptions", { keys: readonly string[] }>
  | Node<
      "addColumns" | "modifyColumns",
      {
        columns: readonly PlacedColumn[];
        watermark: WatermarkDefinition | null;
        primaryKey: PrimaryKey | null;
      }
    >
  | Node<"dropColumns", { columns: readonly Identifier[] }>
  | Node<"dropConstraint", { constraint: Identifier }>
  | Node<"dropPrimaryKey" | "dropWatermark">;

export type ExplainDetail = "ESTIMATED_COST" | "CHANGELOG_MODE" | "JSON_EXECUTION_PLAN" | "PLAN_ADVICE";

export type Insert = Node<
  "insert",
  {
    isOverwrite: boolean;
    target: QualifiedName;
    hints: readonly Hint[];
    /** Empty: all, in their order. */
    columns: readonly QualifiedName[];
    query: Query;
  }
>;

export type StatementSet = Node<"statementSet", { inserts: readonly Insert[] }>;

export type LikePattern = { readonly pattern: string; readonly isNegated: boolean };

export type ShowSubject =
  | "CATALOGS"
  | "CURRENT CATALOG"
  | "CURRENT DATABASE"
  | "DATABASES"
  | "TABLES"
  | "VIEWS"
  | "FUNCTIONS"
  | "USER FUNCTIONS"
  | "COLUMNS"
  | "CREATE TABLE"
  | "CREATE VIEW";

/** Of a function. Here: the module and the export, as in `./functions.ts#mask`. */
export type Implementation = { readonly text: string; readonly at: Span };

export type Statement =
  | Node<"queryStatement", { query: Query }>
  | Insert
  | StatementSet
  | Node<
      "createTable",
      TableSchema & {
        isTemporary: boolean;
        ifNotExists: boolean;
        name: QualifiedName;
        comment: string | null;
        partitionedBy: readonly Identifier[];
        options: readonly TableOption[];
        like: TableLike | null;
        query: Query | null;
      }
    >
  | Node<
      "createView",
      {
        isTemporary: boolean;
        ifNotExists: boolean;
        name: QualifiedName;
        columns: readonly { readonly name: Identifier; readonly comment: string | null }[];
        comment: string | null;
        query: Query;
      }
    >
  | Node<
      "createFunction",
      {
        scope: "CATALOG" | "TEMPORARY" | "TEMPORARY SYSTEM";
        ifNotExists: boolean;
        name: QualifiedName;
        implementation: Implementation;
        language: string | null;
        jars: readonly string[];
      }
    >
  | Node<
      "drop",
      {
        object: "TABLE" | "VIEW" | "FUNCTION";
        scope: "CATALOG" | "TEMPORARY" | "TEMPORARY SYSTEM";
        ifExists: boolean;
        name: QualifiedName;
      }
    >
  | Node<"alterTable", { ifExists: boolean; name: QualifiedName; action: AlterTableAction }>
  | Node<"alterView", { name: QualifiedName; to: QualifiedName } | { name: QualifiedName; query: Query }>
  | Node<
      "alterFunction",
      {
        scope: "CATALOG" | "TEMPORARY" | "TEMPORARY SYSTEM";
        ifExists: boolean;
        name: QualifiedName;
        implementation: Implementation;
        language: string | null;
      }
    >
  | Node<
      "show",
      {
        subject: ShowSubject;
        /** Of SHOW CREATE and SHOW COLUMNS; of SHOW TABLES FROM the database. */
        of: QualifiedName | null;
        like: LikePattern | null;
      }
    >
  | Node<"describe", { name: QualifiedName; isExtended: boolean }>
  | Node<
      "explain",
      { details: readonly ExplainDetail[]; statement: Node<"queryStatement", { query: Query }> | Insert | StatementSet }
    >
  /** Without a key: shows what is set. */
  | Node<"set", { key: string | null; value: string | null }>
  | Node<"reset", { key: string | null }>
  | Node<"use", { object: "CATALOG" | "DATABASE"; name: QualifiedName }>;
