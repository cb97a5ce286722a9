/**
 * Owns: what becomes of a job's state when its query changes: which operators of the new plan find theirs, and of each other why not. Pure.
 * Called by: `streamjob sql --compare`, `streamjob diff`. When a job is restored, the JobManager decides by what the checkpoint has, with the same outcome.
 *
 * SQCP1 State is found by its uid, and fits when what it holds has the types of then; a column may have become nullable. How many letters, bytes or digits ahead of its point a type
 *     may have does not count: values are kept as they are.
 * SQCP3 Operators that differ only in conditions share the text of their uid, and the first in the script has it plain (SQPU2): when that one goes, or another one is written ahead of it, another
 *     operator finds its state, which is of other rows. That is told where the old plan has an operator with the new one's conditions whose state nobody finds.
 * SQCP2 The reason why state is lost is how its operator differs from the one of the new plan that is the most like it, of those that find no state.
 */
import type { ExplainedNode, ExplainedPlan } from "./explain.ts";
import type { NodeState } from "./node-state.ts";

export type StateOutcome =
  | { readonly kind: "kept"; readonly uid: string; readonly operator: string }
  | { readonly kind: "lost"; readonly uid: string; readonly operator: string; readonly reason: string }
  /** It finds its state, which does not fit. */
  | { readonly kind: "misfit"; readonly uid: string; readonly operator: string; readonly reason: string }
  /** It finds the state of another operator, which is of other rows (SQCP3). */
  | { readonly kind: "mistaken"; readonly uid: string; readonly operator: string; readonly reason: string }
  | { readonly kind: "new"; readonly uid: string; readonly operator: string };

export type PlanComparison = {
  /** Whether the new plan can take over the state of the old one. */
  readonly fits: boolean;
  /** Of all operators with state, also those ahead of sinks: those of the old plan in its order, then the new ones. */
  readonly outcomes: readonly StateOutcome[];
};

export function comparePlans(before: ExplainedPlan, after: ExplainedPlan): PlanComparison {
  const [old, now] = [statesOf(before), statesOf(after)];
  const added = [...now.values()].filter(({ uid }) => !old.has(uid));
  const orphans = [...old.values()].filter(({ uid }) => !now.has(uid));
  const takenBy = new Map<string, Stateful>();
  const found = new Map<string, StateOutcome>();
  for (const before of old.values()) {
    const after = now.get(before.uid);
    if (after === undefined) continue;
    const owner = orphans.find((other) => isOwnOf(other, { before, after }));
    if (owner !== undefined) takenBy.set(owner.uid, after);
    found.set(before.uid, outcomeOf(before, after, owner));
  }
  const outcomes = [...old.values()].map((one): StateOutcome => {
    const { uid, operator } = one;
    const taker = takenBy.get(uid);
    const reason = taker === undefined ? lossOf(one, added) : `its operator would find that of ${taker.uid}`;
    return found.get(uid) ?? { kind: "lost", uid, operator, reason };
  });
  const fits = outcomes.every(({ kind }) => kind === "kept");
  return {
    fits,
    outcomes: [...outcomes, ...added.map(({ uid, operator }) => ({ kind: "new", uid, operator }) as const)],
  };
}

/** `owner`: whose state should be the new operator's (SQCP3). */
function outcomeOf(before: Stateful, after: Stateful, owner: Stateful | undefined): StateOutcome {
  const { uid, operator } = before;
  const misfit = misfitOf(before, after);
  if (misfit !== null) return { kind: "misfit", uid, operator, reason: misfit };
  if (owner === undefined) return { kind: "kept", uid, operator };
  const of = ({ conditions }: Stateful): string => (conditions === "" ? "all rows" : `rows where ${conditions}`);
  const reason = `its state is of ${of(before)}, and would be taken for that of ${of(after)}, which is ${owner.uid}`;
  return { kind: "mistaken", uid, operator, reason };
}

/** Whether `other`, of the old plan, does what `after` does, and the operator that had its uid does not. */
function isOwnOf(other: Stateful, { before, after }: { readonly before: Stateful; readonly after: Stateful }): boolean {
  if (before.conditions === after.conditions || other.conditions !== after.conditions) return false;
  return other.kind === after.kind && workOf(other) === workOf(after);
}

/** What an operator does, but for conditions. */
const workOf = ({ parts, tables }: Stateful): string =>
  JSON.stringify([tables, Object.entries(parts).filter(([name]) => !CONDITIONS.has(name))]);

/** Parts of an operator that do not count for its uid. */
const CONDITIONS: ReadonlySet<string> = new Set(["where", "filters"]);

type Stateful = {
  readonly uid: string;
  readonly kind: string;
  /** In words: `aggregate of orders by user`. */
  readonly operator: string;
  readonly parts: Readonly<Record<string, string>>;
  readonly state: NodeState;
  /** Of the operators with state below it. */
  readonly below: readonly string[];
  readonly tables: readonly string[];
  /** Its own, and those of what is below it; empty: none. */
  readonly conditions: string;
};

function statesOf(plan: ExplainedPlan): ReadonlyMap<string, Stateful> {
  const { nodes, sinks, mode } = plan;
  const byUid = new Map(nodes.map((node) => [node.uid, node]));
  const found = nodes.flatMap((node): readonly Stateful[] => {
    const { uid, kind, state } = node;
    if (state === null) return [];
    const tables = tablesBelow(node, byUid);
    const parts: Record<string, string> = { ...node.parts, mode };
    // What a read shows, how results are called, how they come together and when they are emitted, is not in the state (SQPU1, SQPM1).
    delete parts["miniBatch"];
    delete parts["phases"];
    if (kind === "scan") delete parts["fields"];
    if (parts["select"] !== undefined) parts["select"] = parts["select"].replaceAll(/ AS (?:`[^`]*`|\w+)/g, "");
    return [
      {
        uid,
        kind,
        operator: inWords(node, `of ${tables.join(", ")}`),
        parts,
        state,
        below: statefulBelow(node, byUid),
        tables,
        conditions: conditionsAt(node, byUid).join(" AND "),
      },
    ];
  });
  const ahead = sinks.flatMap(({ table, input, keeps }) =>
    keeps.map(({ uid, kind, parts, state }, index): Stateful => {
      const operator = inWords({ kind, parts }, `ahead of ${table}`);
      const before = keeps[index - 1];
      const below = before === undefined ? statefulAt(nodeOf(input, byUid), byUid) : [before.uid];
      const conditions = conditionsAt(nodeOf(input, byUid), byUid).join(" AND ");
      return { uid, kind, operator, parts: { ...parts, table, mode }, state, below, tables: [table], conditions };
    }),
  );
  return new Map([...found, ...ahead].map((each) => [each.uid, each]));
}

type ByUid = ReadonlyMap<string, ExplainedNode>;

function tablesBelow(node: ExplainedNode, byUid: ByUid): readonly string[] {
  const table = node.parts["table"];
  if (node.kind === "scan" && table !== undefined) return [table];
  const tables = node.inputs.flatMap((uid) => tablesBelow(nodeOf(uid, byUid), byUid));
  return [...new Set(tables)];
}

/** Each once, in the order of the inputs. */
function conditionsAt({ inputs, parts }: ExplainedNode, byUid: ByUid): readonly string[] {
  const below = inputs.flatMap((uid) => conditionsAt(nodeOf(uid, byUid), byUid));
  const own = Object.entries(parts).flatMap(([name, text]) => (CONDITIONS.has(name) ? [text] : []));
  return [...new Set([...below, ...own])];
}

function statefulBelow({ inputs }: ExplainedNode, byUid: ByUid): readonly string[] {
  return inputs.flatMap((uid) => statefulAt(nodeOf(uid, byUid), byUid));
}

const statefulAt = (node: ExplainedNode, byUid: ByUid): readonly string[] =>
  node.state === null ? statefulBelow(node, byUid) : [node.uid];

function nodeOf(uid: string, byUid: ByUid): ExplainedNode {
  const node = byUid.get(uid);
  if (node === undefined) throw new RangeError(`the plan has no node ${uid}`);
  return node;
}

const MAIN_PARTS: readonly string[] = ["groupBy", "partitionBy", "key", "on", "window"];

type Worded = { readonly kind: string; readonly parts: Readonly<Record<string, string>> };

function inWords({ kind, parts }: Worded, where: string): string {
  const what = kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const main = MAIN_PARTS.flatMap((name) => (parts[name] === undefined || parts[name] === "" ? [] : [parts[name]]));
  return `${what} ${where}${main.length === 0 ? "" : ` (${main.join("; ")})`}`;
}

/** SQCP1. Null: it fits. */
function misfitOf(before: Stateful, after: Stateful): string | null {
  const names = Object.keys(after.state);
  const changed = names.filter((name) => {
    const [old, now] = [before.state[name], after.state[name]];
    if (old === undefined || now === undefined) return false;
    return storedAs(old) !== storedAs(now) && storedAs(old) !== `${storedAs(now)} NOT NULL`;
  });
  if (changed.length === 0) return null;
  return changed
    .map((name) => `${labelOf(name, after)} was ${before.state[name]}, and is ${after.state[name]}`)
    .join("; ");
}

const storedAs = (type: string): string =>
  type
    .replaceAll(/\bVARCHAR\(\d+\)/g, "STRING")
    .replaceAll(/\bVARBINARY\(\d+\)/g, "BYTES")
    .replaceAll(/\bDECIMAL\(\d+, /g, "DECIMAL(38, ");

/** The aggregates' own words for what has only a number. */
function labelOf(name: string, { parts }: Stateful): string {
  const [, what, number] = /^(key|call) (\d+)$/.exec(name) ?? [];
  if (what === undefined) return `column ${name}`;
  return what === "key" ? `key ${number} of ${parts["groupBy"] ?? ""}` : `result ${number} of ${parts["select"] ?? ""}`;
}

/** SQCP2 */
function lossOf(lost: Stateful, added: readonly Stateful[]): string {
  const candidates = added.filter(
    ({ kind, tables }) => kind === lost.kind && tables.some((table) => lost.tables.includes(table)),
  );
  const [nearest] = candidates.toSorted((left, right) => likeness(lost, right) - likeness(lost, left));
  if (nearest === undefined)
    return lost.kind === "scan" ? "the table is not read any more" : "the new query has no such operator";
  return differences(lost, nearest);
}

const likeness = (left: Stateful, right: Stateful): number =>
  Object.entries(left.parts).filter(([name, value]) => right.parts[name] === value).length +
  Object.keys(left.state).filter((name) => right.state[name] !== undefined).length;

function differences(before: Stateful, after: Stateful): string {
  const shown = (value: string | undefined): string => (value === undefined || value === "" ? "nothing" : value);
  const names = [...new Set([...Object.keys(before.parts), ...Object.keys(after.parts)])];
  // Conditions do not count for state.
  const differing = names.filter((name) => !CONDITIONS.has(name) && before.parts[name] !== after.parts[name]);
  const found = differing.map((name) => `${name} was ${shown(before.parts[name])}, and is ${shown(after.parts[name])}`);
  const [gone, come] = [missingIn(before.state, after.state), missingIn(after.state, before.state)];
  const isOfRows = ![...gone, ...come].some((name) => /^(key|call) \d+$/.test(name));
  if (isOfRows && come.length > 0) found.push(`its rows have ${come.join(", ")} now`);
  if (isOfRows && gone.length > 0) found.push(`its rows do not have ${gone.join(", ")} any more`);
  if (found.length > 0) return found.join("; ");
  const below = before.below.filter((uid) => !after.below.includes(uid));
  if (below.length > 0) return `what its rows come from is other state: ${below.join(", ")}`;
  return "what its columns are computed from is another expression";
}

const missingIn = (state: NodeState, other: NodeState): readonly string[] =>
  Object.keys(state).filter((name) => other[name] === undefined);

/** A line for each operator, and what follows. */
export function describeComparison({ fits, outcomes }: PlanComparison): readonly string[] {
  const lines = outcomes.map((outcome) => {
    const { kind, uid, operator } = outcome;
    const reason = "reason" in outcome ? `: ${outcome.reason}` : "";
    return `${words[kind]}  ${operator}, ${uid}${reason}`;
  });
  if (outcomes.length === 0) return ["No operator has state."];
  if (fits) return [...lines, "All state fits."];
  const count = (kind: StateOutcome["kind"]): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  const [lost, misfits, mistaken] = [count("lost"), count("misfit"), count("mistaken")];
  const parts = [
    ...(lost === 0 ? [] : [`that of ${operators(lost)} would be lost, unless allowNonRestoredState is set`]),
    ...(misfits === 0 ? [] : [`that of ${operators(misfits)} has other types`]),
  ];
  const refusal = `An upgrade with state is refused before the old job stops: ${parts.join("; ")}.`;
  if (mistaken === 0) return [...lines, refusal];
  const advice = `Do not set allowNonRestoredState for it: ${operators(mistaken)} would go on with the state of other rows. Keep the order of the queries, or start without state.`;
  return [...lines, refusal, advice];
}

const words: Readonly<Record<StateOutcome["kind"], string>> = {
  kept: "kept  ",
  lost: "lost  ",
  misfit: "misfit",
  mistaken: "other ",
  new: "new   ",
};

const operators = (count: number): string => `${count} ${count === 1 ? "operator" : "operators"}`;
