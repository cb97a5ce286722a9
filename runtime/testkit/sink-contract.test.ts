/** The contract passes sinks that keep it, and catches each way of breaking it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nextTurn } from "../../base/index.ts";
import type { SinkWriter } from "../ports/index.ts";
import type { ContractCheck } from "./contract-check.ts";
import { type SinkWorld, sinkContract } from "./sink-contract.ts";

type Hooks = { readonly buffer: string[]; readonly outside: string[] };

/** A sink that sends what it has collected when it is flushed, or when it has a hundred. */
function worldOf(change: (hooks: Hooks) => Partial<SinkWriter<string>> = () => ({})): SinkWorld {
  const outside: string[] = [];
  return {
    makeSink: () => ({
      kind: "sink",
      name: "sender",
      guarantee: "at-least-once",
      createWriter: () => {
        const buffer: string[] = [];
        const send = async (): Promise<void> => {
          const sent = buffer.splice(0);
          await nextTurn();
          outside.push(...sent);
        };
        return {
          write: (value: string) => {
            buffer.push(value);
            return buffer.length >= 100 ? send() : undefined;
          },
          flush: send,
          ...change({ buffer, outside }),
        };
      },
    }),
    readWritten: () => outside,
  };
}

async function broken(checks: readonly ContractCheck[]): Promise<string> {
  const names: string[] = [];
  for (const { name, run } of checks) await run().catch(() => names.push(name));
  return names.join("; ");
}

describe("a sink that collects keeps the sink contract", () => {
  for (const { name, run } of sinkContract(worldOf)) it(name, run);
});

describe("the sink contract catches a sink that", () => {
  const faults: Readonly<
    Record<string, { readonly change: (hooks: Hooks) => Partial<SinkWriter<string>>; readonly caught: RegExp }>
  > = {
    "has no flush": { change: () => ({ flush: () => undefined }), caught: /before the checkpoint.*at the end/ },
    "does not wait for what it sends": {
      change: ({ buffer, outside }) => ({
        flush: () =>
          void nextTurn()
            .then(nextTurn)
            .then(() => outside.push(...buffer.splice(0))),
      }),
      caught: /before the checkpoint/,
    },
    "sends what it keeps again": {
      change: ({ buffer, outside }) => ({ flush: () => void outside.push(...buffer) }),
      caught: /before the checkpoint/,
    },
    "forgets the first of many": {
      change: ({ buffer }) => ({
        write: (value) => {
          if (buffer.length >= 100) buffer.shift();
          buffer.push(value);
        },
      }),
      caught: /before the checkpoint/,
    },
  };
  for (const [name, { change, caught }] of Object.entries(faults))
    it(name, async () => assert.match(await broken(sinkContract(() => worldOf(change))), caught));
});
