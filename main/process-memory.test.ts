import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLog } from "../base/index.ts";
import { type MemorySettings, memorySettings, type SlotMemory } from "../settings/index.ts";
import { memoryBesideOthers, memoryOfPod } from "./process-memory.ts";

const none = memorySettings({});
const memory = (slots: number, told: string | undefined, given: MemorySettings = none): SlotMemory =>
  memoryOfPod({ slots, given, told, isAlone: false }, silentLog);

describe("the memory of a TaskManager's process", () => {
  it("is what it is told, and what an option says is above that", () => {
    assert.equal(memory(1, "1024").heapMiB, 596);
    assert.equal(memory(1, "1024", { ...none, processMiB: 512 }).heapMiB, 188);
  });

  it("is a part of the machine when nothing limits it", () => {
    assert.deepEqual(memory(2, undefined), memoryBesideOthers(2, none));
  });

  it("is refused when it is too small for the slots (PMY2)", () => {
    assert.throws(() => memory(4, "256"), {
      code: "MEMORY_TOO_SMALL",
      destiny: "terminal",
      message: /4 slots needs 478 MiB and has 256 MiB/,
    });
  });

  it("is refused when what it is told is no size", () => {
    assert.throws(() => memory(1, "1Gi"), { code: "OPTION_INVALID", message: /"1Gi"/ });
  });
});
