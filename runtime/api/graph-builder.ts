/**
 * Owns: the graph while a job module describes it.
 * Not here: what users call (environment.ts, data-stream.ts), the graph's rules (runtime/graph).
 *
 * GB1 Nodes are numbered in the order of the calls, and never change after that (SG1).
 * GB2 What depends on settings (default parallelism) is resolved at the end: `configure` may come anywhere in `build`.
 * GB3 After `finish` nothing can be added.
 */
import { StreamError } from "../../base/index.ts";
import {
  derivedUid,
  type JobConfiguration,
  type NodeRole,
  operatorIdOfUid,
  type SideOutputType,
  type StreamEdge,
  type StreamGraph,
  type StreamNode,
} from "../graph/index.ts";
import type { OperatorFactory } from "../ports/index.ts";
import type { ValueType } from "../record/index.ts";
import type { OperatorOptions } from "./operator-options.ts";

export type NodeDraft = {
  readonly role: NodeRole;
  /** Taken when the options name none. */
  readonly defaultName: string;
  /** The node's logic, made with the final settings (GB2). */
  readonly logic: (configuration: JobConfiguration) => unknown;
  readonly isKeyed: boolean;
  readonly outputType: ValueType<unknown>;
  readonly sideOutputs: readonly SideOutputType[];
  readonly inputs: readonly StreamEdge[];
  readonly options: OperatorOptions;
};

export class GraphBuilder {
  readonly #drafts: NodeDraft[] = [];
  #finished = false;

  /** Adds a node and returns its id. */
  add(draft: NodeDraft): number {
    this.assertOpen(draft.options.name ?? draft.defaultName);
    return this.#drafts.push(draft) - 1;
  }

  /** Throws JOB_GRAPH_INVALID when the graph is finished (GB3); `what`: what was to be done. */
  assertOpen(what: string): void {
    if (!this.#finished) return;
    throw new StreamError(
      "JOB_GRAPH_INVALID",
      `"${what}" was called after the job's build function had ended; when build is async, await everything in it`,
      { destiny: "terminal" },
    );
  }

  finish(configuration: JobConfiguration): StreamGraph {
    this.#finished = true;
    const nodes: StreamNode[] = [];
    for (const draft of this.#drafts) nodes.push(finishNode(draft, nodes, configuration));
    return { configuration, nodes };
  }
}

function finishNode(draft: NodeDraft, earlier: readonly StreamNode[], configuration: JobConfiguration): StreamNode {
  const { options, role } = draft;
  const name = options.name ?? draft.defaultName;
  const position = earlier.length;
  const inputUids = draft.inputs.map((input) => earlier[input.from]?.uid ?? "");
  const uid = options.uid ?? derivedUid({ position, role, name, inputUids });
  const logic = draft.logic(configuration);
  const states = role === "operator" ? (logic as OperatorFactory<unknown, unknown>).declares : undefined;
  return {
    id: position,
    uid,
    uidIsExplicit: options.uid !== undefined,
    operatorId: operatorIdOfUid(uid),
    name,
    role,
    logic,
    ...(states === undefined ? {} : { states }),
    isKeyed: draft.isKeyed,
    parallelism: options.parallelism ?? configuration.parallelism,
    maxParallelism: options.maxParallelism ?? null,
    outputType: draft.outputType,
    sideOutputs: draft.sideOutputs,
    inputs: draft.inputs,
    chaining: options.chaining ?? "always",
  };
}
