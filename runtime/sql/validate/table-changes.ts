/**
 * Owns: the definitions of tables: from CREATE TABLE with LIKE and AS, and from ALTER TABLE.
 *
 * SQVP1 After every change the whole table is worked out anew, so that a column that others are computed from is not dropped unseen.
 * SQVP2 LIKE takes all that the other table has, but for what EXCLUDING names; what both have is refused, unless OVERWRITING names it.
 */
import { unreachable } from "../../../base/index.ts";
import type { Identifier, QualifiedName } from "../syntax/expression-tree.ts";
import { nameText, qualifiedText } from "../syntax/expression-text.ts";
import { fail, SqlFailure } from "../syntax/problem.ts";
import type {
  AlterTableAction,
  ColumnDefinition,
  LikeOption,
  PlacedColumn,
  Statement,
  TableOption,
} from "../syntax/statement-tree.ts";
import { typeOf } from "../types/sql-type.ts";
import type { CatalogTable, DefinedColumn, TableDefinition } from "./catalog.ts";
import type { QueryContext } from "./context.ts";
import { withOptions } from "./hinted-options.ts";
import { nameRemedy } from "./names.ts";
import { typedQuery } from "./query.ts";
import { tableOf } from "./table-definition.ts";

type CreateTable = Statement & { readonly kind: "createTable" };

/** Errors: SqlFailure, Undetermined. */
export function definitionOf(table: CreateTable, context: QueryContext): TableDefinition {
  const own: TableDefinition = {
    at: table.name.at,
    columns: table.columns.map(definedColumn),
    watermark: table.watermark,
    primaryKey: table.primaryKey,
    partitionedBy: table.partitionedBy,
    options: table.options,
  };
  if (table.query !== null) return withQuery(own, table.query, context);
  return table.like === null ? own : withLike(own, table.like, context);
}

function definedColumn(column: ColumnDefinition): DefinedColumn {
  const { name } = column;
  switch (column.kind) {
    case "physicalColumn":
      return { kind: "physical", name, type: typeOf(column.type) };
    case "metadataColumn":
      return { kind: "metadata", name, type: typeOf(column.type), key: column.key, isVirtual: column.isVirtual };
    case "computedColumn":
      return { kind: "computed", name, value: column.value };
    default:
      return unreachable(column);
  }
}

/** AS: columns of the query, behind those that are declared. */
function withQuery(
  own: TableDefinition,
  query: NonNullable<CreateTable["query"]>,
  context: QueryContext,
): TableDefinition {
  const { columns } = typedQuery(query, context).schema;
  const declared = new Set(own.columns.map(({ name }) => name.name));
  const selected = columns.flatMap(({ name, type }): readonly DefinedColumn[] =>
    declared.has(name) ? [] : [{ kind: "physical", name: { kind: "identifier", at: query.at, name }, type }],
  );
  const names = columns.map(({ name }) => name);
  const second = names.find((name, index) => names.indexOf(name) < index);
  if (second !== undefined)
    fail(
      query.at,
      `the query of this table has two columns ${second}`,
      `Give one another name: SELECT … AS ${second}_2.`,
    );
  return { ...own, columns: [...own.columns, ...selected] };
}

function withLike(
  own: TableDefinition,
  like: NonNullable<CreateTable["like"]>,
  { catalog }: QueryContext,
): TableDefinition {
  const source = catalog.tableOrView(like.source);
  if (source.kind === "view")
    return fail(
      like.source.at,
      `${qualifiedText(like.source)} is a view`,
      "LIKE takes a table; write AS SELECT * FROM the view.",
    );
  const strategyOf = (feature: LikeOption["feature"]): LikeOption["strategy"] =>
    givenStrategy(like.options, feature) ?? "INCLUDING";
  const { definition } = source;
  const owned = new Map(own.columns.map((column) => [column.name.name, column]));
  const taken = definition.columns.filter((column) => {
    const strategy =
      column.kind === "physical" ? "INCLUDING" : strategyOf(column.kind === "computed" ? "GENERATED" : "METADATA");
    const same = owned.get(column.name.name);
    if (strategy === "EXCLUDING") return false;
    if (same === undefined) return true;
    if (strategy === "OVERWRITING") return false;
    return fail(
      same.name.at,
      `${qualifiedText(like.source)} has a column ${nameText(same.name)}, too`,
      "Leave it out here: LIKE brings it.",
    );
  });
  return {
    at: own.at,
    columns: [...taken, ...own.columns],
    watermark: chosen(own.watermark, definition.watermark, strategyOf("WATERMARKS"), {
      what: "a watermark",
      feature: "WATERMARKS",
    }),
    primaryKey: chosen(own.primaryKey, definition.primaryKey, strategyOf("CONSTRAINTS"), {
      what: "a PRIMARY KEY",
      feature: "CONSTRAINTS",
    }),
    partitionedBy:
      own.partitionedBy.length > 0 || strategyOf("PARTITIONS") === "EXCLUDING"
        ? own.partitionedBy
        : definition.partitionedBy,
    options: likeOptions(own.options, definition.options, givenStrategy(like.options, "OPTIONS"), like.source),
  };
}

/** Null: nothing is said. */
const givenStrategy = (options: readonly LikeOption[], feature: LikeOption["feature"]): LikeOption["strategy"] | null =>
  (options.find((option) => option.feature === feature) ?? options.find((option) => option.feature === "ALL"))
    ?.strategy ?? null;

/** OVERWRITING is what stands for options where nothing is said, as in Flink. */
function likeOptions(
  own: readonly TableOption[],
  others: readonly TableOption[],
  strategy: LikeOption["strategy"] | null,
  source: QualifiedName,
): readonly TableOption[] {
  if (strategy === "EXCLUDING") return own;
  const owned = new Map(own.map((option) => [option.key, option]));
  const twice = strategy === "INCLUDING" ? others.find(({ key }) => owned.has(key)) : undefined;
  const second = twice === undefined ? undefined : owned.get(twice.key);
  if (second !== undefined)
    fail(
      second.at,
      `${qualifiedText(source)} has an option '${second.key}', too`,
      "Leave it out here, or write LIKE … (OVERWRITING OPTIONS).",
    );
  return [...others.filter(({ key }) => !owned.has(key)), ...own];
}

function chosen<T extends { readonly at: Identifier["at"] }>(
  own: T | null,
  other: T | null,
  strategy: LikeOption["strategy"],
  { what, feature }: { readonly what: string; readonly feature: LikeOption["feature"] },
): T | null {
  if (strategy === "EXCLUDING" || other === null) return own;
  if (own === null || strategy === "OVERWRITING") return own ?? other;
  return fail(
    own.at,
    `the table of LIKE has ${what}, too`,
    `Leave it out here, or write LIKE … (EXCLUDING ${feature}).`,
  );
}

/** Errors: SqlFailure. RENAME of the table itself changes nothing in it. */
export function alteredTable(
  { definition }: CatalogTable,
  action: AlterTableAction,
  context: QueryContext,
): CatalogTable {
  const altered = alteredDefinition(definition, action);
  try {
    return tableOf(altered, context);
  } catch (error) {
    // What is wrong may stand in CREATE TABLE, which was right until now.
    if (!(error instanceof SqlFailure)) throw error;
    const { at, message, remedy } = error.problem;
    if (at.start >= action.at.start) throw error;
    return fail(
      action.at,
      `the table would not be right any more: ${message}`,
      `A computed column, the watermark or the key needs it: change that first. ${remedy}`,
    );
  }
}

function alteredDefinition(definition: TableDefinition, action: AlterTableAction): TableDefinition {
  const { columns } = definition;
  switch (action.kind) {
    case "renameColumn": {
      requireColumn(action.from, columns);
      refuseColumn(action.to, columns);
      return {
        ...definition,
        columns: columns.map((column) =>
          column.name.name === action.from.name ? { ...column, name: action.to } : column,
        ),
      };
    }
    case "addColumns":
      return { ...withParts(definition, action), columns: action.columns.reduce(withAdded, columns) };
    case "modifyColumns":
      return { ...withParts(definition, action), columns: action.columns.reduce(withModified, columns) };
    case "dropColumns":
      for (const column of action.columns) requireColumn(column, columns);
      return {
        ...definition,
        columns: columns.filter(({ name }) => !action.columns.some((each) => each.name === name.name)),
      };
    case "dropPrimaryKey":
    case "dropConstraint":
      if (definition.primaryKey === null) fail(action.at, "the table has no PRIMARY KEY", "There is nothing to drop.");
      return { ...definition, primaryKey: null };
    case "dropWatermark":
      if (definition.watermark === null) fail(action.at, "the table has no watermark", "There is nothing to drop.");
      return { ...definition, watermark: null };
    case "rename":
      return definition;
    case "setOptions":
      return { ...definition, options: withOptions(definition.options, action.options) };
    case "resetOptions":
      if (action.keys.includes("connector"))
        fail(action.at, "a table cannot be without its connector", "SET another one, or DROP the table.");
      return { ...definition, options: definition.options.filter(({ key }) => !action.keys.includes(key)) };
    default:
      return unreachable(action);
  }
}

type NewParts = AlterTableAction & { readonly kind: "addColumns" | "modifyColumns" };

function withParts(definition: TableDefinition, { kind, watermark, primaryKey }: NewParts): TableDefinition {
  if (kind === "addColumns" && watermark !== null && definition.watermark !== null)
    fail(watermark.at, "the table has a watermark already", "Write ALTER TABLE … MODIFY WATERMARK FOR …");
  if (kind === "addColumns" && primaryKey !== null && definition.primaryKey !== null)
    fail(
      primaryKey.at,
      "the table has a PRIMARY KEY already",
      "Write ALTER TABLE … MODIFY PRIMARY KEY (…) NOT ENFORCED.",
    );
  return {
    ...definition,
    watermark: watermark ?? definition.watermark,
    primaryKey: primaryKey ?? definition.primaryKey,
  };
}

function withAdded(columns: readonly DefinedColumn[], { column, position }: PlacedColumn): readonly DefinedColumn[] {
  refuseColumn(column.name, columns);
  return placed(columns, definedColumn(column), position);
}

function withModified(columns: readonly DefinedColumn[], { column, position }: PlacedColumn): readonly DefinedColumn[] {
  const place = requireColumn(column.name, columns);
  if (position === null) return columns.with(place, definedColumn(column));
  return placed(columns.toSpliced(place, 1), definedColumn(column), position);
}

function placed(
  columns: readonly DefinedColumn[],
  column: DefinedColumn,
  position: PlacedColumn["position"],
): readonly DefinedColumn[] {
  if (position === null) return [...columns, column];
  return columns.toSpliced(position.kind === "first" ? 0 : requireColumn(position.column, columns) + 1, 0, column);
}

/** Its place. */
function requireColumn(name: Identifier, columns: readonly DefinedColumn[]): number {
  const names = columns.map((column) => column.name.name);
  const place = names.indexOf(name.name);
  return place >= 0
    ? place
    : fail(name.at, `the table has no column ${nameText(name)}`, nameRemedy(name.name, names, "Its columns"));
}

function refuseColumn(name: Identifier, columns: readonly DefinedColumn[]): void {
  if (columns.some((column) => column.name.name === name.name))
    fail(
      name.at,
      `the table has a column ${nameText(name)} already`,
      "Choose another name, or write ALTER TABLE … MODIFY.",
    );
}
