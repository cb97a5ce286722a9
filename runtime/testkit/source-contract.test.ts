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

/** Lines that a server sends to whoever is connected, the first of them at once; none is sent again. */
function callWorld(bounded: boolean, faults: { readonly isSentAgain?: boolean } = {}): SourceWorld<string, string> {
  const records = ["r1", "r2", "r3", "r4"];
  let called = 0;
  const lines: string[] = [];
  let wakeUp = (): void => undefined;
  const createReader = ({
    splits,
    wake,
  }: ReaderContext<string>): ReturnType<Source<string, string>["createReader"]> => {
    if (splits.length > 0) {
      lines.splice(0, lines.length, ...(called++ === 0 || faults.isSentAgain === true ? records : []));
      wakeUp = wake;
    }
    const poll = (output: SourceOutput<string>, maxRecords: number): PollResult => {
      const taken = splits.length === 0 ? [] : lines.splice(0, maxRecords);
      for (const line of taken) output.collect(line, 0);
      return taken.length === maxRecords ? "more" : bounded ? "end" : "idle";
    };
    return { poll, snapshot: () => splits };
  };
  return {
    makeSource: () => ({
      kind: "source",
      name: "calls",
      boundedness: bounded ? "bounded" : "unbounded",
      type: t.string,
      discover: () => ["server"],
      createReader,
    }),
    records,
    ...(bounded
      ? {}
      : {
          append: async () => {
            await nextTurn();
            lines.push("s1", "s2");
            wakeUp();
            return ["s1", "s2"];
          },
        }),
  };
}

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

for (const bounded of [true, false]) {
  describe(`${bounded ? "bounded" : "endless"} calls keep the contract of a source without replay (SY3)`, () => {
    for (const { name, run } of sourceContract(() => callWorld(bounded), { hasReplay: false })) it(name, run);
  });
}

it("the contract of a source without replay catches one that gives again what was read (SY3)", async () => {
  const checks = sourceContract(() => callWorld(false, { isSentAgain: true }), { hasReplay: false, deadline: "20 ms" });
  assert.match(await broken(checks), /repeats nothing when it is restored/);
});

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
