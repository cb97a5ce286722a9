/**
 * Owns: a job's graph as it is driven: its sources and sinks replaced or watched, and found by uid. Nothing else is changed.
 * Called by: job-driver.ts.
 */
import { AssertionFailure } from "../../base/index.ts";
import type { NodeRole, StreamGraph, StreamNode } from "../graph/index.ts";
import type { Sink, Source } from "../ports/index.ts";
import { NO_TIMESTAMP } from "../record/index.ts";
import { collectingSink, observedSink, SinkTarget } from "./collecting-sink.ts";
import { SourceScript, scriptedSource } from "./scripted-source.ts";
import { SourceWatch } from "./watched-source.ts";

/** Values to begin with, without timestamps; `splits`: how many the source is cut into, for the values to be dealt round. Default 1. */
export type ScriptedValues = readonly unknown[] | { readonly values?: readonly unknown[]; readonly splits?: number };

export type EndOptions = {
  readonly sources: Readonly<Record<string, ScriptedValues>>;
  readonly keepSinks: boolean | readonly string[];
  /** Of the snapshot that the job is restored from, by uid. */
  readonly scripts: ReadonlyMap<string, SourceScript>;
  readonly targets: ReadonlyMap<string, SinkTarget>;
};

export class DrivenGraph {
  readonly stream: StreamGraph;
  /** By uid, as the others. */
  readonly scripts = new Map<string, SourceScript>();
  readonly targets = new Map<string, SinkTarget>();
  readonly watches = new Map<string, SourceWatch>();
  /** Sinks whose committed records are known here. */
  readonly transactional = new Set<string>();

  readonly #options: EndOptions;
  readonly #kept: (uid: string) => boolean;

  constructor(stream: StreamGraph, options: EndOptions) {
    this.#options = options;
    const { keepSinks, sources } = options;
    for (const [uid, values] of Object.entries(sources)) this.#script(findNode(stream, "source", uid), values);
    const kept = typeof keepSinks === "boolean" ? [] : keepSinks.map((uid) => findNode(stream, "sink", uid).uid);
    this.#kept = (uid) => keepSinks === true || kept.includes(uid);
    this.stream = this.replace(stream);
  }

  /** The ends replaced in another copy of the job's graph, with the same scripts and targets. */
  replace(stream: StreamGraph): StreamGraph {
    const nodes = stream.nodes.map((node): StreamNode => {
      if (node.role === "source") return { ...node, logic: this.#source(node) };
      if (node.role === "sink") return { ...node, logic: this.#sink(node) };
      return node;
    });
    return { ...stream, nodes };
  }

  node(role: NodeRole, uid: string): StreamNode {
    return findNode(this.stream, role, uid);
  }

  script(uid: string): SourceScript {
    const { uid: known } = this.node("source", uid);
    const script = this.scripts.get(known);
    if (script !== undefined) return script;
    throw new AssertionFailure(
      `the source "${uid}" is the job's own one; name it in the options to script it: { sources: { ${JSON.stringify(uid)}: [] } }`,
    );
  }

  target(uid: string): SinkTarget {
    return this.targets.get(this.node("sink", uid).uid) as SinkTarget;
  }

  /** Whether the sink is the job's own. */
  isKept(uid: string): boolean {
    return this.#kept(uid);
  }

  #script(node: StreamNode, values: ScriptedValues): void {
    const given = "length" in values ? { values } : values;
    const script = this.#options.scripts.get(node.uid)?.copy() ?? SourceScript.withSplits(given.splits ?? 1);
    const { length } = script.splits;
    if (given.splits !== undefined && given.splits !== length)
      throw new AssertionFailure(
        `the scripted source "${node.uid}" has ${length} splits in the snapshot, not ${given.splits}`,
      );
    for (const value of given.values ?? []) script.push(value, NO_TIMESTAMP);
    this.scripts.set(node.uid, script);
  }

  #source(node: StreamNode): Source<unknown> {
    const source = node.logic as Source<unknown>;
    const script = this.scripts.get(node.uid) ?? this.#options.scripts.get(node.uid)?.copy();
    if (script === undefined) {
      const watch = this.watches.get(node.uid) ?? new SourceWatch(node.uid, source.boundedness === "bounded");
      this.watches.set(node.uid, watch);
      return watch.watch(source);
    }
    this.scripts.set(node.uid, script);
    return scriptedSource(node.uid, node.name, node.outputType, script);
  }

  #sink(node: StreamNode): Sink<unknown> {
    const sink = node.logic as Sink<unknown>;
    const target = this.targets.get(node.uid) ?? this.#options.targets.get(node.uid)?.copy() ?? new SinkTarget();
    this.targets.set(node.uid, target);
    if (this.#kept(node.uid)) return observedSink(sink, target);
    if (sink.guarantee === "exactly-once") this.transactional.add(node.uid);
    return collectingSink(sink, target);
  }
}

/** By uid; by name where that is the only one, for jobs without uids. */
function findNode({ nodes }: StreamGraph, role: NodeRole, uid: string): StreamNode {
  const ofRole = nodes.filter((node) => node.role === role);
  const named = ofRole.filter(({ name }) => name === uid);
  const found = ofRole.find((node) => node.uid === uid) ?? (named.length === 1 ? named[0] : undefined);
  if (found !== undefined) return found;
  const known = ofRole.map((node) => (node.uidIsExplicit ? `"${node.uid}"` : `"${node.name}" (a name; it has no uid)`));
  throw new AssertionFailure(`the job has no ${role} with uid "${uid}"; it has ${known.join(", ") || "none"}`);
}
