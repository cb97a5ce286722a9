/**
 * Owns: the operator of a lookup join: a table's connector, asked as async I/O asks (AS-1 to AS-8), or read whole.
 *
 * LKST1 Rows that are being asked for are in the checkpoint, and are asked for again after a restore.
 */
import { assert, isPromiseLike, StreamError } from "../../base/index.ts";
import { asyncOperator, asyncPlan, recordList } from "../operators/index.ts";
import type { AsyncCall, AsyncFunction, OperatorFactory } from "../ports/index.ts";
import { loadedLookupJoinOperator, type Lookup, lookupOf, type PlanNode, rowTypeOf } from "../sql/index.ts";
import { type AskedTable, tableConnector, type TableConnector, type TableLookup } from "../tables/index.ts";
import { lookupSettingsOf } from "./lookup-settings.ts";
import type { PlanWorld } from "./plan-world.ts";
import { descriptionOf, storedPlaces } from "./table-descriptions.ts";

type LookupJoinNode = Extract<PlanNode, { kind: "lookupJoin" }>;
type Row = Readonly<Record<string, unknown>>;
type Asking = { readonly lookup: Lookup; readonly resource: unknown };

/** Before the second call for a row; each further wait is twice as long. */
const RETRY_DELAY = "1 s";

/** Errors: TableError. */
export function lookupOfTable(
  node: LookupJoinNode,
  connector: TableConnector = tableConnector(descriptionOf(node.name, node.table, "isRead")),
): TableLookup {
  const { table, columns, asks } = node;
  const made = connector.lookup?.({
    columns: storedPlaces(table, columns),
    asks: storedPlaces(
      table,
      asks.map(({ column }) => column),
    ),
  });
  assert(made !== undefined, "a connector that cannot be asked refuses it");
  return made;
}

export function lookupJoinOperator(
  node: LookupJoinNode,
  { session, lookups = () => lookupSettingsOf(new Map()) }: PlanWorld,
): OperatorFactory<unknown, unknown> {
  const table = lookupOfTable(node);
  if (table.kind === "loaded") return loadedLookupJoinOperator(node, session, table.load);
  const { order, capacity, timeoutMs } = lookups();
  const fn = asking(node, table, () => lookupOf(node, session));
  const plan = asyncPlan<Row, readonly Row[], Asking>("lookup join", {
    order,
    capacity,
    timeout: timeoutMs,
    ...(table.retries < 1
      ? {}
      : { retry: { attempts: table.retries + 1, delay: RETRY_DELAY, multiplier: 2, onError: isWorthRepeating } }),
  });
  const recordsOf = recordList<Row>(`lookup in ${node.name}`);
  const inputType = rowTypeOf(node.input.row);
  return asyncOperator({ name: "lookupJoin", fn, plan, recordsOf, inputType: inputType as never }) as OperatorFactory<
    unknown,
    unknown
  >;
}

const isWorthRepeating = (error: unknown): boolean => error instanceof StreamError && error.destiny === "retry";

function asking(
  { name }: LookupJoinNode,
  { fn }: AskedTable,
  createLookup: () => Lookup,
): AsyncFunction<Row, readonly Row[], Asking> {
  return {
    open: async (context) => ({ lookup: createLookup(), resource: await fn.open?.({ ...context, name }) }),
    invoke: (row, call) => {
      const { lookup } = call.resource;
      const values = lookup.askedBy(row);
      const joined = (answers: readonly Row[]): readonly Row[] =>
        lookup.matches(row, answers).map((answer) => lookup.rowOf(row, answer));
      if (values === null) return joined([]);
      const answers = fn.invoke(values, callOf(call));
      return isPromiseLike(answers)
        ? (answers as PromiseLike<readonly Row[]>).then(joined)
        : joined(answers as readonly Row[]);
    },
    close: ({ resource }) => fn.close?.(resource),
  };
}

/** Its signal is made only for who asks for it. */
const callOf = (call: AsyncCall<Asking>): AsyncCall<unknown> => ({
  resource: call.resource.resource,
  attempt: call.attempt,
  timestamp: call.timestamp,
  get signal() {
    return call.signal;
  },
});
