/** The contract passes sources that keep it, and catches each way of breaking it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextTurn } from "../../base/index.ts";
import type { PollResult, ReaderContext, Source, SourceOutput } from "../ports/index.ts";
import { t } from "../record/index.ts";
import type { ContractCheck } from "./contract-check.ts";
import { type SourceWorld, sourceContract } from "./source-contract.ts";

type Split = { readonly queue: number; readonly position: number };
type Reading = { readonly queue: number; position: number };
type Faults = {
  readonly poll?: (reading: Reading[], output: SourceOutput<string>, maxRecords: number) => void;
  readonly snapshot?: (reading: Reading[]) => Split[];
  readonly discover?: () => unknown[];
  readonly isDeaf?: boolean;
  readonly endless?: boolean;
};

/** Queues in memory, read as a log. `bounded`: what is there is all. */
function queueWorld(bounded: boolean, faults: Faults = {}): SourceWorld<string, Split> {
  const queues = [["a1", "a2", "a3", "a4"], ["b1"], ["c1", "c2", "c3"]];
  const wakes = new Set<() => void>();
  const createReader = ({ splits, wake }: ReaderContext<Split>): ReturnType<Source<string, Split>["createReader"]> => {
    const reading = splits.map((split): Reading => ({ ...split }));
    if (faults.isDeaf !== true) wakes.add(wake);
    const poll = (output: SourceOutput<string>, maxRecords: number): PollResult => {
      let left = maxRecords;
      for (const split of reading) {
        for (; left > 0 && split.position < (queues[split.queue]?.length ?? 0); left--)
          output.collect(queues[split.queue]?.[split.position++] as string, 0);
      }
      faults.poll?.(reading, output, maxRecords);
      if (left === 0) return "more";
      return bounded && faults.endless !== true ? "end" : "idle";
    };
    return { poll, snapshot: () => faults.snapshot?.(reading) ?? reading.map((split) => ({ ...split })) };
  };
  return {
    makeSource: () => ({
      kind: "source",
      name: "queues",
      boundedness: bounded ? "bounded" : "unbounded",
      type: t.string,
      discover: () => (faults.discover?.() as Split[]) ?? queues.map((_, queue) => ({ queue, position: 0 })),
      createReader,
    }),
    records: queues.flat(),
    ...(bounded
      ? {}
      : {
          append: async () => {
            const more = ["d", "e"];
            await nextTurn();
            queues[1]?.push(...more);
            for (const wake of wakes) wake();
            return more;
          },
        }),
  };
}

/** Names of the promises that are broken. */
async function broken(checks: readonly ContractCheck[]): Promise<string> {
  const names: string[] = [];
  for (const { name, run } of checks) await run().catch(() => names.push(name));
  return names.join("; ");
}

for (const bounded of [true, false]) {
  describe(`${bounded ? "bounded" : "growing"} queues keep the source contract`, () => {
    for (const { name, run } of sourceContract(() => queueWorld(bounded))) it(name, run);
  });
}

describe("the source contract catches a source that", () => {
  const faults: Readonly<Record<string, { readonly faults: Faults; readonly caught: RegExp }>> = {
    "begins anew after a restore": {
      faults: { snapshot: (reading) => reading.map(({ queue }) => ({ queue, position: 0 })) },
      caught: /restored after any record/,
    },
    "says a position that it has not read yet": {
      faults: { snapshot: (reading) => reading.map(({ queue, position }) => ({ queue, position: position + 1 })) },
      caught: /restored after every record/,
    },
    "gives its own positions out of hand": {
      faults: { snapshot: (reading) => reading },
      caught: /is not changed by reading on/,
    },
    "has splits that are no plain JSON": {
      faults: { discover: () => [0, 1, 2].map((queue) => ({ queue, position: 0, since: new Date(0) })) },
      caught: /plain JSON/,
    },
    "drops a split that it has read": {
      faults: { snapshot: (reading) => reading.filter(({ position }) => position === 0) },
      caught: /restored after any record/,
    },
    "gives more than a poll may take": {
      faults: {
        poll: (reading, output) => {
          const split = reading.find(({ queue, position }) => queue === 0 && position === 2);
          if (split === undefined) return;
          split.position++;
          output.collect("a3", 0);
        },
      },
      caught: /at most as many records/,
    },
    "does not wake up": { faults: { isDeaf: true }, caught: /wakes up when there is more/ },
    "waits though it has ended": { faults: { endless: true }, caught: /without splits that end/ },
  };
  for (const [name, each] of Object.entries(faults)) {
    it(name, async () => {
      const bounded = each.faults.isDeaf !== true;
      assert.match(
        await broken(sourceContract(() => queueWorld(bounded, each.faults), { deadline: "20 ms" })),
        each.caught,
      );
    });
  }
});
