/**
 * Owns: the tables, views and functions that a script has at the statement that is looked at.
 * Does not own: what CREATE, ALTER and DROP do to them (catalog-changes.ts).
 *
 * SQVA1 A script has what its statements above made, and nothing else: the catalog begins empty.
 * SQVA2 What was refused keeps its name, as something of which nothing is known: statements that use it are left alone, so that one mistake is
 *     shown once.
 */
import type { QualifiedName } from "../syntax/expression-tree.ts";
import { qualifiedText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Query } from "../syntax/query-tree.ts";
import type { PrimaryKey, TableOption, WatermarkDefinition } from "../syntax/statement-tree.ts";
import type { Span } from "../syntax/span.ts";
import type { SqlType } from "../types/sql-type.ts";
import type { UserFunction } from "../user-functions/bound-function.ts";
import type { FunctionDefinition } from "../user-functions/definition.ts";
import type { Expression, Identifier } from "../syntax/expression-tree.ts";
import { nameRemedy, quoted } from "./names.ts";
import type { Column, Schema, TypedExpression, TypedQuery } from "./typed-tree.ts";

/** A column as it was declared; its place is that in the text that declared it. */
export type DefinedColumn = { readonly name: Identifier } & (
  | { readonly kind: "physical"; readonly type: SqlType }
  /** `key`: what the connector calls it; null: as the column. */
  | { readonly kind: "metadata"; readonly type: SqlType; readonly key: string | null; readonly isVirtual: boolean }
  | { readonly kind: "computed"; readonly value: Expression }
);

export type TableDefinition = {
  /** Of the table's name in CREATE TABLE. */
  readonly at: Span;
  readonly columns: readonly DefinedColumn[];
  readonly watermark: WatermarkDefinition | null;
  readonly primaryKey: PrimaryKey | null;
  /** PARTITIONED BY: columns; what they mean is the connector's to say. */
  readonly partitionedBy: readonly Identifier[];
  /** Of WITH, in their order; with their places, for messages of the connector. */
  readonly options: readonly TableOption[];
};

export type CatalogTable = {
  readonly kind: "table";
  readonly definition: TableDefinition;
  readonly schema: Schema;
  /** What INSERT INTO writes: not computed, not virtual. */
  readonly writable: readonly Column[];
  /** For each column: what it is computed from, over the table's whole row; null: it is stored. */
  readonly computed: readonly (TypedExpression | null)[];
  /** Over the table's whole row. `column`: its place. */
  readonly watermark: { readonly column: number; readonly strategy: TypedExpression } | null;
  /** The table of the program that it stands for; null: the script made it. */
  readonly given: GivenTable | null;
};

/** A table that the program hands to the script: a stream with columns. */
export type GivenTable = {
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  /** The column that holds the time of each row, which the stream's watermarks speak of; null: there is none. */
  readonly rowtime: string | null;
  /** Columns that together are in one row only; empty: none. */
  readonly primaryKey: readonly string[];
  readonly changes: "append" | "retract" | "upsert";
};

/** A function that the program hands to the script. `origin`: as BoundFunction says. */
export type GivenFunction = { readonly name: string; readonly origin: string; readonly definition: FunctionDefinition };

/** What the module of a CREATE FUNCTION gives. unknown: nobody has looked, and nothing is wrong. */
export type LoadedFunction =
  | { readonly kind: "function"; readonly definition: FunctionDefinition }
  | { readonly kind: "refused"; readonly message: string; readonly remedy: string }
  | { readonly kind: "unknown"; readonly reason: string };

/** By what stands behind AS. */
export type FunctionSource = (implementation: string) => LoadedFunction;

export type CatalogFunction =
  | { readonly kind: "known"; readonly bound: UserFunction }
  /** `reason`: behind its name, as in `is a function in JAVA`. */
  | { readonly kind: "unknown"; readonly reason: string };

const notLoaded: FunctionSource = () => ({
  kind: "unknown",
  reason: "is a function whose types only its module knows",
});

/** The catalog and the database that names without one are of. */
type CatalogPlace = { readonly catalog: string; readonly database: string };

/** `text`: of its query. `columns`: the names that are given to its columns; none: those of the query. */
export type CatalogView = {
  readonly kind: "view";
  readonly query: TypedQuery;
  readonly schema: Schema;
  readonly text: string;
  readonly columns: readonly string[];
  readonly definition: Query;
  /** Where it was made. */
  readonly place: CatalogPlace;
  /** The catalog that `query` was read with. */
  readonly version: number;
};

export type CatalogObject = CatalogTable | CatalogView | { readonly kind: "unknown" };

/** The statement cannot be judged, and is not wrong: what it uses was refused, or has types that only its module knows. */
export class Undetermined extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "Undetermined";
  }
}

const DEFAULT_CATALOG = "default_catalog";
const DEFAULT_DATABASE = "default_database";

export class Catalog {
  #catalog = DEFAULT_CATALOG;
  #database = DEFAULT_DATABASE;
  readonly #objects = new Map<string, CatalogObject>();
  /** By their names in lower case. */
  readonly #functions = new Map<string, CatalogFunction>();
  readonly #gone = new Set<string>();
  #version = 0;
  readonly functionSource: FunctionSource;

  constructor(functionSource: FunctionSource = notLoaded) {
    this.functionSource = functionSource;
  }

  use(object: "CATALOG" | "DATABASE", { parts }: QualifiedName): void {
    const names = parts.map(({ name }) => name);
    if (object === "CATALOG") [this.#catalog = DEFAULT_CATALOG] = names;
    else this.#database = names.at(-1) ?? DEFAULT_DATABASE;
    if (object === "DATABASE" && names.length > 1) this.#catalog = names[0] ?? DEFAULT_CATALOG;
  }

  /** Another one, once a name that was known means something else: what was read before may be read otherwise now. */
  get version(): number {
    return this.#version;
  }

  get place(): CatalogPlace {
    return { catalog: this.#catalog, database: this.#database };
  }

  within<R>(place: CatalogPlace, work: () => R): R {
    const before = this.place;
    [this.#catalog, this.#database] = [place.catalog, place.database];
    try {
      return work();
    } finally {
      [this.#catalog, this.#database] = [before.catalog, before.database];
    }
  }

  find(name: QualifiedName): CatalogObject | undefined {
    return this.#objects.get(this.#keyOf(name));
  }

  put(name: QualifiedName, object: CatalogObject): void {
    const key = this.#keyOf(name);
    if (this.#objects.has(key) || this.#gone.has(key)) this.#version += 1;
    this.#objects.set(key, object);
  }

  /** The same view, read anew: nothing that others have read changes by it. */
  refresh(view: CatalogView, now: CatalogView): void {
    for (const [key, object] of this.#objects) if (object === view) this.#objects.set(key, now);
  }

  remove(name: QualifiedName): void {
    const key = this.#keyOf(name);
    if (this.#objects.delete(key)) this.#version += 1;
    this.#gone.add(key);
  }

  /** Errors: SqlFailure for none of that name; Undetermined for one that was refused. */
  tableOrView(name: QualifiedName): CatalogTable | CatalogView {
    const object = this.find(name);
    if (object === undefined)
      return fail(name.at, `there is no table ${qualifiedText(name)}`, this.#unknownRemedy(name));
    if (object.kind === "unknown") throw new Undetermined(`${qualifiedText(name)} was refused`);
    return object;
  }

  putFunction(name: QualifiedName, made: CatalogFunction): void {
    if (this.#functions.has(functionKey(name))) this.#version += 1;
    this.#functions.set(functionKey(name), made);
  }

  removeFunction(name: QualifiedName): void {
    if (this.#functions.delete(functionKey(name))) this.#version += 1;
  }

  findFunction(name: QualifiedName): CatalogFunction | undefined {
    return this.#functions.get(functionKey(name));
  }

  /** Tables and views by their names, without what is the default. */
  get objects(): readonly (readonly [name: string, object: CatalogObject])[] {
    return [...this.#objects].map(([key, object]) => [this.#shown(JSON.parse(key) as string[]), object]);
  }

  get catalogName(): string {
    return this.#catalog;
  }

  get databaseName(): string {
    return this.#database;
  }

  get functionNames(): readonly string[] {
    return [...this.#functions.keys()];
  }

  #unknownRemedy(name: QualifiedName): string {
    const known = [...this.#objects.keys()].map((key) => this.#shown(JSON.parse(key) as string[]));
    if (known.length === 0) return "The script creates no table above: begin with CREATE TABLE, or CREATE VIEW.";
    return nameRemedy(name.parts.map((part) => part.name).join("."), known, "The tables above");
  }

  /** Without what is the default. */
  #shown([catalog = "", database = "", table = ""]: readonly string[]): string {
    if (catalog !== this.#catalog) return `${catalog}.${database}.${table}`;
    return database === this.#database ? table : `${database}.${table}`;
  }

  #keyOf({ parts }: QualifiedName): string {
    const names = parts.map(({ name }) => name);
    const given = [this.#catalog, this.#database].slice(0, Math.max(0, 3 - names.length));
    return JSON.stringify([...given, ...names]);
  }
}

/** A function is found by its last name: databases of functions are not told apart. */
const functionKey = ({ parts }: QualifiedName): string => parts.at(-1)?.name.toLowerCase() ?? "";

/** The names of columns, for messages. */
export const columnNames = (columns: readonly Column[]): readonly string[] => columns.map(({ name }) => quoted(name));
