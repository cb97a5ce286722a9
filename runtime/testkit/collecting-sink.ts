/**
 * Owns: the sinks that stand for a job's own ones in a driven job, and what they were given.
 * Not here: which sinks are replaced (driven-graph.ts). Called by: job-driver.ts.
 *
 * CV1 A plain sink is replaced by one that collects; an exactly-once sink by one with transactions in memory, which takes part in
 *     checkpoints as the real one does: what is visible is what was committed.
 * CV2 A restored job begins with what was visible and prepared when the snapshot was taken, in a copy.
 */
import type { PlainSink, Sink, TwoPhaseCommitSink } from "../ports/index.ts";

/** One record that a sink was given, or a source gave. */
export type CollectedRecord<T> = { readonly value: T; readonly timestamp: number; readonly subtask: number };

type Transaction = { readonly values: unknown[]; isCommitted: boolean };

/** What one sink of a driven job was given, and what of that a reader of its target sees. */
export class SinkTarget {
  readonly given: CollectedRecord<unknown>[] = [];
  readonly #transactions = new Map<number, Transaction>();
  readonly #committed: unknown[] = [];
  #next = 0;

  get committed(): readonly unknown[] {
    return this.#committed;
  }

  begin(): number {
    const id = this.#next++;
    this.#transactions.set(id, { values: [], isCommitted: false });
    return id;
  }

  find(id: number): Transaction | undefined {
    return this.#transactions.get(id);
  }

  commit(transaction: Transaction): void {
    transaction.isCommitted = true;
    this.#committed.push(...transaction.values.splice(0));
  }

  abort(id: number): void {
    this.#transactions.delete(id);
  }

  /** Nothing given yet. */
  copy(): SinkTarget {
    const copy = new SinkTarget();
    copy.#next = this.#next;
    copy.#committed.push(...this.#committed);
    for (const [id, each] of this.#transactions) copy.#transactions.set(id, { ...each, values: [...each.values] });
    return copy;
  }
}

export function collectingSink(sink: Sink<unknown>, target: SinkTarget): Sink<unknown> {
  return sink.guarantee === "exactly-once" ? transactional(sink.name, target) : plain(sink.name, target);
}

/** The sink itself, with a look at what it is given. */
export function observedSink(sink: Sink<unknown>, target: SinkTarget): Sink<unknown> {
  const { createWriter } = sink as PlainSink<unknown>;
  const observed: Pick<PlainSink<unknown>, "createWriter"> = {
    createWriter: (context) => {
      const writer = createWriter.call(sink, context);
      const write = (...given: unknown[]): unknown => {
        const [value, timestamp] = given.slice(-2) as [unknown, number];
        target.given.push({ value, timestamp, subtask: context.subtask });
        return (writer.write as (...all: unknown[]) => unknown).apply(writer, given);
      };
      return new Proxy(writer, {
        get: (from, name) => {
          if (name === "write") return write;
          const member: unknown = Reflect.get(from, name, from);
          return typeof member === "function" ? member.bind(from) : member;
        },
      });
    },
  };
  return { ...sink, ...observed } as Sink<unknown>;
}

function plain(name: string, target: SinkTarget): PlainSink<unknown> {
  return {
    kind: "sink",
    name,
    guarantee: "at-least-once",
    createWriter: ({ subtask }) => ({
      write: (value, timestamp) => void target.given.push({ value, timestamp, subtask }),
    }),
  };
}

function transactional(name: string, target: SinkTarget): TwoPhaseCommitSink<unknown> {
  const sink: TwoPhaseCommitSink<unknown, number> = {
    kind: "sink",
    name,
    guarantee: "exactly-once",
    createWriter: ({ subtask }) => ({
      begin: () => target.begin(),
      write: (id, value, timestamp) => {
        target.given.push({ value, timestamp, subtask });
        target.find(id)?.values.push(value);
      },
      prepare: (id) => id,
      commit: async (id) => {
        const transaction = target.find(id);
        if (transaction === undefined)
          return {
            kind: "impossible",
            reason: "the snapshot was taken with another sink: give both drivers the same keepSinks",
          };
        if (transaction.isCommitted) return { kind: "alreadyCommitted" };
        target.commit(transaction);
        return { kind: "committed" };
      },
      abort: (id) => target.abort(id),
      // What no checkpoint names is never committed, and so never seen.
      abortAllExcept: () => undefined,
    }),
  };
  return sink as TwoPhaseCommitSink<unknown>;
}
