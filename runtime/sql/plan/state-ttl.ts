/**
 * Owns: how long each operator of a plan keeps its state: by SET 'table.exec.state.ttl', and by the hint STATE_TTL, which goes over it.
 * Does not own: what it means for the state (operators/expiring-state.ts), which tables a hint names (validate/state-ttl-hint.ts).
 *
 * SQPZ1 It is for state that would stay as long as the job: of groups, joins, ranks, deduplication, changes of upserts, OVER, and rows by a table's key. What goes by the
 *     watermark, windows and joins within a time, drops its state by itself; a bounded input ends.
 * SQPZ2 A hint names a table of its SELECT: that side of a join of tables, or, of the only table in FROM, the groups, DISTINCT and OVER of the SELECT.
 */
import type { Kept, PlanMode, PlanNode, PlanSink, SideTtls } from "./plan-tree.ts";
import { rebuiltBy } from "./rebuilt.ts";

/** For each table of a FROM, from left to right, what a hint says; null: nothing. */
export type TableTtls = readonly (number | null)[];

/** What a node of one input has where a hint named its table. */
export const ttlOfOnly = (ttls: TableTtls | undefined): Kept => {
  const [only, second] = ttls ?? [];
  return typeof only === "number" && second === undefined ? { ttl: only } : {};
};

/** Equal nodes of the input are one in the result. */
export class StateTtls {
  readonly #default: number | null;
  readonly #mode: PlanMode;
  /** The same plan, with what each node says, or else with the default. */
  readonly of: (node: PlanNode) => PlanNode;

  constructor(byDefault: number | null, mode: PlanMode) {
    this.#default = byDefault;
    this.#mode = mode;
    this.of = rebuiltBy((node) => this.#withTtl(node));
  }

  ofSink(sink: PlanSink): PlanSink {
    return this.#default === null || this.#mode === "batch" ? sink : { ...sink, ttl: this.#default };
  }

  #withTtl(node: PlanNode): PlanNode {
    if (!keepsForever(node, this.#mode)) return withoutTtl(node);
    if (node.kind === "join") return withSides(node, this.#default);
    const ttl = node.ttl ?? this.#default;
    return ttl === null || ttl === node.ttl ? node : { ...node, ttl };
  }
}

type Keeping = PlanNode & { readonly kind: "aggregate" | "join" | "rank" | "deduplicate" | "normalize" | "over" };

/** SQPZ1 */
function keepsForever(node: PlanNode, mode: PlanMode): node is Keeping {
  if (mode === "batch") return false;
  switch (node.kind) {
    case "aggregate":
    case "join":
    case "deduplicate":
    case "normalize":
    case "over":
      return true;
    case "rank":
      return node.windowEnd === null;
    default:
      return false;
  }
}

/** What a hint says of it means nothing. */
function withoutTtl(node: PlanNode): PlanNode {
  if (!("ttl" in node)) return node;
  const { ttl: _ttl, ...rest } = node;
  return rest;
}

function withSides(node: PlanNode & { readonly kind: "join" }, byDefault: number | null): PlanNode {
  const [left, right] = node.ttl ?? [null, null];
  const ttl: SideTtls = [left ?? byDefault, right ?? byDefault];
  const isForever = ttl[0] === null && ttl[1] === null;
  return isForever ? node : { ...node, ttl };
}
