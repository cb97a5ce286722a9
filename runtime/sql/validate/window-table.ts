/**
 * Owns: tables by name, and windows as tables: TUMBLE, HOP, CUMULATE and SESSION over a table, with a DESCRIPTOR of its time attribute.
 *
 * SQVH1 A window table has the columns of its input, then window_start, window_end and window_time; the last is the time attribute that windows of
 *     its results go by, and its only one.
 */
import { shownType } from "../types/type-families.ts";
import type { Call, Expression, ExpressionOf, Identifier, QualifiedName } from "../syntax/expression-tree.ts";
import { nameText, qualifiedText } from "../syntax/expression-text.ts";
import { fail } from "../syntax/problem.ts";
import type { Query } from "../syntax/query-tree.ts";
import { Undetermined } from "./catalog.ts";
import { type QueryContext, plainContext } from "./context.ts";
import { typedExpression } from "./expression.ts";
import { requireTimeAttribute } from "./group-window.ts";
import { millisecondsOf } from "./literals.ts";
import { nameRemedy, nearestName } from "./names.ts";
import { Scope } from "./scope.ts";
import type { Column, TypedExpression, TypedTable, WindowFunctionName } from "./typed-tree.ts";
import { isValue, userTable } from "./user-call.ts";
import { argumentsText } from "./values.ts";
import { viewOfNow } from "./view.ts";

/** A table, a view or a WITH. Errors: SqlFailure, Undetermined. */
export function sourceOfName(name: QualifiedName, context: QueryContext): TypedTable {
  const { catalog, commonTables } = context;
  const [only, second] = name.parts;
  const common = second === undefined && only !== undefined ? commonTables.get(only.name) : undefined;
  if (common !== undefined) return { kind: "derived", schema: common.schema, query: common, isLateral: false };
  if (catalog.find(name) === undefined && second === undefined && only !== undefined) {
    const nearest = nearestName(only.name, [...commonTables.keys()]);
    if (nearest !== undefined) fail(name.at, `there is no table ${nameText(only)}`, `Did you mean ${nearest}?`);
  }
  const object = catalog.tableOrView(name);
  if (object.kind === "table") return { kind: "scan", schema: object.schema, name: qualifiedText(name), table: object };
  const { schema, query } = viewOfNow(name, object, context);
  return { kind: "derived", schema, query, isLateral: false };
}

/** A query that is given as a table: `TABLE (SELECT …)`. */
const sourceOfQuery = (query: Query, context: QueryContext): TypedTable => {
  const typed = context.queryOf(query, { ...context, expected: [] });
  return { kind: "derived", schema: typed.schema, query: typed, isLateral: false };
};

/** Parameters behind DATA and TIMECOL; the last may be missing. */
const intervalNames: Readonly<Record<WindowFunctionName, readonly string[]>> = {
  TUMBLE: ["SIZE", "OFFSET"],
  HOP: ["SLIDE", "SIZE", "OFFSET"],
  CUMULATE: ["STEP", "SIZE", "OFFSET"],
  SESSION: ["GAP"],
};

const isWindow = (name: string): name is WindowFunctionName => name in intervalNames;

const usageOf = (name: WindowFunctionName): string => {
  const needed = intervalNames[name].filter((each) => each !== "OFFSET").map((each) => each.toLowerCase());
  return `Write TABLE(${name}(TABLE t, DESCRIPTOR(ts), ${needed.join(", ")})), each an INTERVAL.`;
};

/** Of `TABLE(f(…))`. Errors: SqlFailure, Undetermined. */
export function tableFunction(call: Call, context: QueryContext, left: Scope): TypedTable {
  const name = call.name.parts.length === 1 ? (call.name.parts[0]?.name.toUpperCase() ?? "") : "";
  if (isWindow(name)) return windowTable(name, call, context);
  const found = context.catalog.findFunction(call.name);
  if (found === undefined) {
    const known = [...Object.keys(intervalNames), ...context.catalog.functionNames];
    return fail(
      call.name.at,
      `there is no table function ${qualifiedText(call.name)}`,
      nameRemedy(name, known, "The table functions"),
    );
  }
  const of = (argument: Expression): TypedExpression =>
    typedExpression(argument, plainContext(context, left, "in a table function"));
  if (found.kind === "known") return userTable(found.bound, call, of);
  for (const argument of call.arguments) if (isValue(argument)) of(argument);
  throw new Undetermined(`${qualifiedText(call.name)} ${found.reason}`);
}

function windowTable(name: WindowFunctionName, call: Call, context: QueryContext): TypedTable {
  const args = placedArguments(name, call);
  const [data, descriptor, ...rest] = args;
  if (data?.kind !== "tableArgument") return fail(data?.at ?? call.at, `${name} takes a table first`, usageOf(name));
  if (descriptor?.kind !== "descriptor")
    return fail(
      descriptor?.at ?? call.at,
      `${name} takes the DESCRIPTOR of a time attribute behind its table`,
      usageOf(name),
    );
  const { source } = data;
  const input = source.kind === "name" ? sourceOfName(source, context) : sourceOfQuery(source, context);
  const { timeColumn, column } = timeColumnOf(name, descriptor, input);
  const scope = new Scope(
    [{ path: [], originalName: null, columns: input.schema.columns, offset: 0 }],
    [],
    context.outer,
  );
  const plain = plainContext(context, scope, `in ${name}`);
  const intervals = rest.map((argument) => typedExpression(argument, plain));
  requireIntervals(name, intervals, call);
  if (name !== "SESSION" && data.partitionBy.length > 0)
    fail(data.at, `PARTITION BY in ${name}`, "Only SESSION has it: group by the column instead.");
  const partitionBy = data.partitionBy.map((key) => typedExpression(key, plain));
  const bound = { type: { kind: "timestamp", isNullable: false, precision: 3 }, time: null } as const;
  const columns: readonly Column[] = [
    ...input.schema.columns.map((each) => ({ ...each, time: null })),
    { name: "window_start", ...bound },
    { name: "window_end", ...bound },
    { name: "window_time", type: { ...column.type, isNullable: false }, time: column.time },
  ];
  return { kind: "window", schema: { columns, keys: [] }, name, input, timeColumn, partitionBy, intervals };
}

/** Named arguments at their places. Errors: SqlFailure. */
function placedArguments(name: WindowFunctionName, call: Call): readonly Expression[] {
  const names = ["DATA", "TIMECOL", ...intervalNames[name]];
  if (call.arguments.length > names.length)
    fail(call.at, `${name} with ${argumentsText(call.arguments.length)}`, usageOf(name));
  const placed: (Expression | undefined)[] = names.map(() => undefined);
  for (const [index, argument] of call.arguments.entries()) {
    if (argument.kind !== "namedArgument") {
      placed[index] = argument;
      continue;
    }
    const place = names.indexOf(argument.name.name.toUpperCase());
    if (place < 0)
      fail(
        argument.name.at,
        `${name} has no parameter ${argument.name.name}`,
        nameRemedy(argument.name.name, names, "Its parameters"),
      );
    placed[place] = argument.value;
  }
  return placed.filter((argument) => argument !== undefined);
}

function timeColumnOf(
  name: WindowFunctionName,
  { columns, at }: ExpressionOf<"descriptor">,
  { schema }: TypedTable,
): { readonly timeColumn: number; readonly column: Column } {
  const [written, second] = columns;
  if (written === undefined || second !== undefined)
    return fail(at, `the DESCRIPTOR of ${columns.length} columns in ${name}`, "Name the one time attribute.");
  const timeColumn = schema.columns.findIndex((column) => column.name === written.name);
  const column = schema.columns[timeColumn];
  if (column === undefined) return failUnknown(written, schema.columns);
  const { type, time } = column;
  requireTimeAttribute(
    { kind: "column", at: written.at, name: column.name, type, time, depth: 0, index: timeColumn },
    name,
  );
  return { timeColumn, column };
}

const failUnknown = (column: Identifier, columns: readonly Column[]): never =>
  fail(
    column.at,
    `the table has no column ${nameText(column)}`,
    nameRemedy(
      column.name,
      columns.map(({ name }) => name),
      "Its columns",
    ),
  );

function requireIntervals(name: WindowFunctionName, intervals: readonly TypedExpression[], { at }: Call): void {
  const needed = intervalNames[name].filter((each) => each !== "OFFSET");
  if (intervals.length < needed.length)
    fail(at, `${name} without its ${needed[intervals.length]?.toLowerCase()}`, usageOf(name));
  for (const [index, { type, at: place, ...value }] of intervals.entries()) {
    const what = intervalNames[name][index]?.toLowerCase();
    if (type.kind !== "interval" || type.unit !== "millisecond")
      fail(
        place,
        `the ${what} of ${name} is ${type.kind === "null" ? "NULL" : shownType(type)}`,
        "Write an interval of fixed length, such as INTERVAL '5' SECOND.",
      );
    const length = millisecondsOf({ ...value, type, at: place } as TypedExpression);
    if (what !== "offset" && length !== null && length <= 0)
      fail(place, `the ${what} of ${name} is not positive`, "A window is at least a millisecond long.");
  }
  const [step, size] = intervals.map(millisecondsOf);
  if (name === "CUMULATE" && typeof step === "number" && typeof size === "number" && size % step !== 0)
    fail(
      intervals[1]?.at ?? at,
      "the size of CUMULATE is no multiple of its step",
      "The last step of a window ends with it: choose such a size.",
    );
}
