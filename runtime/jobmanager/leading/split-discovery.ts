/**
 * Owns: asking sources for their splits when they start without state (SO1).
 *
 * SPD1 Splits travel to tasks as JSON: one that would arrive changed is refused here, by the source's name.
 */
import { type Clock, type Log, type OperatorId, StreamError, toErrorInfo, USER_LOGGER } from "../../../base/index.ts";
import type { JobGraph, StreamNode } from "../../graph/index.ts";
import type { Source } from "../../ports/index.ts";
import { isPlainJson, PLAIN_JSON } from "../sources/plain-json.ts";
import type { DiscoveredSplits } from "./restore-point.ts";

/** Errors: what `discover` threw when it is a StreamError; else SOURCE_FAILED (terminal). */
export async function discoverSplits(
  graph: JobGraph,
  sources: readonly OperatorId[],
  ports: { readonly clock: Clock; readonly logger: Log },
): Promise<DiscoveredSplits> {
  const splits = new Map<OperatorId, readonly unknown[]>();
  for (const vertex of graph.vertices) {
    const node = vertex.operators[0]?.node;
    if (node?.role !== "source" || !sources.includes(node.operatorId)) continue;
    splits.set(node.operatorId, await discover(node, vertex.parallelism, ports));
  }
  return splits;
}

async function discover(
  node: StreamNode,
  parallelism: number,
  ports: { readonly clock: Clock; readonly logger: Log },
): Promise<readonly unknown[]> {
  const source = node.logic as Source<unknown>;
  let splits: readonly unknown[];
  try {
    const { name, uid } = node;
    const log = ports.logger.child({ logger: USER_LOGGER, operator: name, uid });
    if (source.discover === undefined) throw new Error("it has neither discover nor createEnumerator");
    splits = await source.discover({ name, parallelism, clock: ports.clock, log });
  } catch (error) {
    if (error instanceof StreamError) throw error;
    const text = `the source "${node.name}" (uid "${node.uid}") could not find out what to read: ${toErrorInfo(error).message}`;
    throw new StreamError("SOURCE_FAILED", text, { destiny: "terminal", cause: error });
  }
  for (const split of splits) {
    if (isPlainJson(split)) continue;
    throw new StreamError(
      "SOURCE_FAILED",
      `the source "${node.name}" (uid "${node.uid}") has a split that is not plain JSON: ${PLAIN_JSON}`,
      { destiny: "terminal" },
    );
  }
  return splits;
}
