/**
 * Owns: from a script to its plan: what each INSERT writes, and what each query gives.
 * Called by: `streamjob sql --explain`, and whoever runs scripts.
 *
 * SQPP1 There is a plan only of a script without problems; what cannot be run is a problem as a mistake is.
 * SQPP2 Equal parts of the whole script are one node: a view is computed once, a table is read once, with the columns that anybody needs.
 */
import { fail, type SqlProblem, SqlFailure } from "../syntax/problem.ts";
import type { Span } from "../syntax/span.ts";
import type { CatalogTable } from "../validate/catalog.ts";
import type { TypedInsert } from "../validate/insert.ts";
import type { TypedQuery } from "../validate/typed-tree.ts";
import { type ScriptWorld, type ValidatedStatement, validateScript } from "../validate/validate-script.ts";
import { hasRowtime, withoutIdleWatermarks } from "./idle-watermarks.ts";
import { withJoinOrder } from "./join-order.ts";
import { withoutEqualUpdates } from "./equal-updates.ts";
import { withMiniBatches } from "./mini-batches.ts";
import { NodeBuilder } from "./node-builder.ts";
import type { PlanContext } from "./plan-context.ts";
import { castTo, columnOf, nullOf } from "./plan-expressions.ts";
import { requireRunnable } from "./plan-over.ts";
import { planQuery, planWholeQuery } from "./plan-query.ts";
import { planSelect } from "./plan-select.ts";
import { planTable } from "./plan-tables.ts";
import type { AggregateCall, Changes, PlanMode, PlanNode, PlanSink } from "./plan-tree.ts";
import { pruned } from "./pruning.ts";
import { inputsOf } from "./rebuilt.ts";
import { withScanFilters } from "./scan-filters.ts";
import { type ScriptSettings, settingsOf } from "./script-settings.ts";
import { keyOfSink, stepsToKey } from "./sink-steps.ts";
import { StateTtls } from "./state-ttl.ts";
import { Uids } from "./uids.ts";
import { requireUserFunctions } from "./user-functions.ts";

export type PlanOptions = ScriptWorld & {
  /** What a table's rows are; without it, what its connector and format are called decides. */
  readonly changesOf?: (table: CatalogTable) => Changes;
  /** Of the job, where it has several scripts: what is equal in them is one node, and what differs never has one uid. */
  readonly uids?: Uids;
  /** Whether the statements of EXPLAIN are planned, too; a job does not run them. */
  readonly explains?: boolean;
};

/** A query whose rows the caller takes. */
export type PlannedQuery = { readonly at: Span; readonly input: PlanNode };

export type ScriptPlan =
  | {
      readonly kind: "plan";
      readonly mode: PlanMode;
      readonly timeZone: string;
      readonly settings: ScriptSettings["values"];
      readonly sinks: readonly PlanSink[];
      readonly queries: readonly PlannedQuery[];
    }
  | { readonly kind: "problems"; readonly problems: readonly SqlProblem[] };

export function planScript(text: string, options: PlanOptions = {}): ScriptPlan {
  const { statements, problems } = validateScript(text, options);
  const found = [...problems, ...statements.flatMap(unplannable)];
  if (found.length > 0) return { kind: "problems", problems: found };
  try {
    const settings = settingsOf(statements.map(({ statement }) => statement));
    return planned(statements, settings, options);
  } catch (error) {
    if (error instanceof SqlFailure) return { kind: "problems", problems: [error.problem] };
    throw error;
  }
}

function unplannable({ statement, meaning }: ValidatedStatement): readonly SqlProblem[] {
  if (meaning.kind !== "undetermined" || statement.kind === "explain") return [];
  const remedy =
    "Functions are written in TypeScript: CREATE FUNCTION … AS './functions.ts#mask' LANGUAGE TYPESCRIPT in a script, createFunction in a job module.";
  return [{ at: statement.at, message: meaning.reason, remedy }];
}

type Draft =
  | { readonly kind: "sink"; readonly insert: TypedInsert; readonly input: PlanNode }
  | { readonly kind: "query"; readonly at: Span; readonly input: PlanNode };

/** Errors: SqlFailure. */
function planned(
  statements: readonly ValidatedStatement[],
  settings: ScriptSettings,
  { changesOf = changesByOptions, uids = new Uids(), explains = false }: PlanOptions,
): ScriptPlan {
  const builder = new NodeBuilder(settings.mode);
  const drafts: Draft[] = [];
  const problems: SqlProblem[] = [];
  const shared = { planned: new WeakMap<TypedQuery, PlanNode>(), places: new WeakMap<AggregateCall, Span>() };
  for (const { statement, meaning } of statements) {
    if (statement.kind === "explain" && !explains) continue;
    const context: PlanContext = {
      builder,
      at: statement.at,
      changesOf,
      planQuery,
      planSelect,
      planTable,
      ...shared,
    };
    try {
      if (meaning.kind === "query") drafts.push(queryDraft(meaning.query, context));
      if (meaning.kind === "filledTable") drafts.push(sinkDraft(meaning.insert, context));
      if (meaning.kind === "inserts") drafts.push(...meaning.inserts.map((insert) => sinkDraft(insert, context)));
    } catch (error) {
      if (!(error instanceof SqlFailure)) throw error;
      problems.push(error.problem);
    }
  }
  problems.push(...drafts.flatMap((draft) => overwrittenBeside(draft, drafts)));
  if (problems.length > 0) return { kind: "problems", problems };
  return {
    kind: "plan",
    mode: settings.mode,
    timeZone: settings.timeZone,
    settings: settings.values,
    ...finished(drafts, builder, { uids, settings }),
  };
}

function queryDraft(query: TypedQuery, context: PlanContext): Draft {
  const input = planWholeQuery(query, context);
  requireRunnableTree(input, context);
  return { kind: "query", at: context.at, input };
}

/** Columns that are not written are NULL. */
function sinkDraft(insert: TypedInsert, context: PlanContext): Draft {
  const { columns, table } = insert;
  const { at } = insert;
  requireOverwritable(insert, context.builder.mode);
  const source = planWholeQuery(insert.query, { ...context, at });
  const values = table.writable.map(({ name, type }) => {
    const place = columns.findIndex((column) => column.name === name);
    return place < 0 ? nullOf(type) : castTo(columnOf(source.row, place), type);
  });
  const names = table.writable.map(({ name }) => name);
  const input = context.builder.calc({ input: source, condition: null, values }, names);
  requireRunnableTree(input, context);
  return { kind: "sink", insert, input };
}

function requireOverwritable({ overwritesAt, target, table }: TypedInsert, mode: PlanMode): void {
  if (overwritesAt === null) return;
  if (mode === "streaming")
    fail(
      overwritesAt,
      "INSERT OVERWRITE of a query that has no end",
      "Its rows take the place of the others when all are there: SET 'execution.runtime-mode' = 'batch', or write INSERT INTO.",
    );
  const connector = table.definition.options.find(({ key }) => key === "connector")?.value ?? "";
  if (connector.toLowerCase() === "filesystem") return;
  fail(
    overwritesAt,
    `the table ${target} has the connector ${connector || "of the job"}, which cannot be overwritten`,
    "Only filesystem can: write INSERT INTO.",
  );
}

/** Of two that write into one table, of which one overwrites, the result would depend on which ends first. */
function overwrittenBeside(draft: Draft, drafts: readonly Draft[]): readonly SqlProblem[] {
  if (draft.kind === "query" || draft.insert.overwritesAt === null) return [];
  const { overwritesAt: at, target } = draft.insert;
  const isTwice = drafts.some((other) => other !== draft && other.kind === "sink" && other.insert.target === target);
  if (!isTwice) return [];
  const remedy = "Write all of its rows by one INSERT OVERWRITE, with UNION ALL.";
  return [{ at, message: `the table ${target} is overwritten, and written by another INSERT`, remedy }];
}

function requireRunnableTree(node: PlanNode, context: PlanContext, seen = new Set<PlanNode>()): void {
  if (seen.has(node)) return;
  seen.add(node);
  if (node.kind === "over") requireRunnable(node, context);
  requireUserFunctions(node, context.builder.mode, (call) => context.places.get(call) ?? context.at);
  for (const input of inputsOf(node)) requireRunnableTree(input, context, seen);
}

function finished(
  drafts: readonly Draft[],
  builder: NodeBuilder,
  { uids, settings }: { readonly uids: Uids; readonly settings: ScriptSettings },
): { readonly sinks: readonly PlanSink[]; readonly queries: readonly PlannedQuery[] } {
  const equal = new Uids();
  const ordered = withJoinOrder(
    drafts.map(({ input }) => equal.named(input)),
    builder,
  );
  const roots = drafts.map(({ kind }, index) => {
    const input = ordered[index] as PlanNode;
    return { input, waits: kind === "query" && hasRowtime(input.row) };
  });
  const inputs = withScanFilters(pruned(withoutIdleWatermarks(roots, builder), builder), testsConditions, builder);
  const ttls = new StateTtls(settings.stateTtl, builder.mode);
  const kept = drafts.map((draft, index) => ttls.of(inputs[index] ?? draft.input));
  const calm = withoutEqualUpdates(drafts.map((draft, index) => rootOf(draft, kept[index] as PlanNode)));
  const calmed = kept.map(calm);
  const inMiniBatches = withMiniBatches(calmed, settings.aggregation, builder.mode);
  const sinks: PlanSink[] = [];
  const queries: PlannedQuery[] = [];
  for (const [index, draft] of drafts.entries()) {
    const input = uids.named(inMiniBatches(calmed[index] as PlanNode));
    if (draft.kind === "query") queries.push({ at: draft.at, input });
    else {
      const { target: name, table } = draft.insert;
      const uid = uids.uniqueOf("sink", `${name} of ${uids.describedOf(input).text}`);
      const overwrites = draft.insert.overwritesAt === null ? {} : ({ overwrites: true } as const);
      sinks.push(ttls.ofSink({ uid, name, table, input, columns: uids.columnsOf(input), ...overwrites }));
    }
  }
  return { sinks, queries };
}

/** A table by key may keep the last row of each. */
function rootOf(draft: Draft, input: PlanNode): { readonly input: PlanNode; readonly isOrdered: boolean } {
  const by = draft.kind === "sink" ? keyOfSink(draft.insert.table) : null;
  return { input, isOrdered: by !== null && stepsToKey(input, by).includes("rowsByKey") };
}

/** What upserts and changes is called in options, as in Flink. */
function changesByOptions({ definition, given }: CatalogTable): Changes {
  if (given !== null) return given.changes;
  const options = new Map(definition.options.map(({ key, value }) => [key, value.toLowerCase()]));
  if (options.get("connector") === "upsert-kafka") return "upsert";
  const format = options.get("format") ?? options.get("value.format") ?? "";
  return changelogFormats.has(format) ? "retract" : "append";
}

/** Connectors of databases, which test conditions themselves. */
const testsConditions = ({ definition, given }: CatalogTable): boolean =>
  given === null && definition.options.some(({ key, value }) => key === "connector" && value === "mysql");

const changelogFormats: ReadonlySet<string> = new Set([
  "debezium-json",
  "debezium-avro-confluent",
  "canal-json",
  "maxwell-json",
  "ogg-json",
]);
