import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  divideJobManager,
  divideTaskManager,
  type MemorySettings,
  memorySettings,
  slotMemoryOfMachine,
  type TaskManagerMemory,
} from "./index.ts";

const none = memorySettings({});
const given = (some: Partial<MemorySettings>): MemorySettings => ({ ...none, ...some });
const fitting = (totalMiB: number, slots: number, settings = none): TaskManagerMemory => {
  const division = divideTaskManager(totalMiB, slots, settings);
  assert.ok(division.kind === "fits", JSON.stringify(division));
  return division.memory;
};

describe("how memory is divided", () => {
  it("is as docs/sizing.md works it out", () => {
    assert.deepEqual(fitting(2048, 2), {
      totalMiB: 2048,
      processMiB: 128,
      threadsMiB: 64,
      networkMiB: 204,
      reserveMiB: 204,
      slot: { heapMiB: 660, youngMiB: 64 },
    });
    const small = divideTaskManager(256, 4, none);
    assert.equal(
      small.kind === "tooSmall" && small.message,
      "a TaskManager with 4 slots needs 478 MiB and has 256 MiB: 128 MiB for the process, 128 for 4 slot threads, 47 for network buffers, 47 in reserve, and a heap of 32 for each slot. Give it 478Mi or more, or fewer slots",
    );
    assert.deepEqual(divideJobManager(1024, none), { kind: "fits", memory: { heapMiB: 826 } });
  });

  it("never gives more than there is, and says a size that is just enough (MDL1, MDL2)", () => {
    const settings = fc.record({
      networkFraction: fc.double({ min: 0, max: 0.5, noNaN: true }),
      slotHeapMiB: fc.option(fc.integer({ min: 16, max: 2000 })),
      slotYoungMiB: fc.option(fc.integer({ min: 3, max: 64 })),
    });
    const property = fc.property(
      fc.integer({ min: 1, max: 20_000 }),
      fc.integer({ min: 1, max: 32 }),
      settings,
      (totalMiB, slots, some) => {
        const division = divideTaskManager(totalMiB, slots, given(some));
        if (division.kind === "fits") {
          const { processMiB, threadsMiB, networkMiB, reserveMiB, slot } = division.memory;
          const sum = processMiB + threadsMiB + networkMiB + reserveMiB + slots * (slot.heapMiB + slot.youngMiB);
          assert.ok(sum <= totalMiB, `${sum} of ${totalMiB}`);
          assert.ok(slot.heapMiB > 0 && slot.youngMiB > 0);
          return;
        }
        const enough = Number(/Give it (\d+)Mi/.exec(division.message)?.[1]);
        assert.ok(enough > totalMiB);
        assert.equal(divideTaskManager(enough, slots, given(some)).kind, "fits");
        assert.equal(divideTaskManager(enough - 1, slots, given(some)).kind, "tooSmall");
      },
    );
    fc.assert(property);
  });

  it("gives what options ask for, and refuses what does not fit then", () => {
    assert.deepEqual(fitting(2048, 2, given({ slotHeapMiB: 300, slotYoungMiB: 32 })).slot, {
      heapMiB: 300,
      youngMiB: 32,
    });
    assert.equal(divideTaskManager(2048, 2, given({ slotHeapMiB: 900 })).kind, "tooSmall");
    assert.equal(fitting(65_536, 2).slot.heapMiB, 4096);
    assert.equal(fitting(65_536, 2, given({ slotHeapMiB: 20_000 })).slot.heapMiB, 20_000);
    assert.equal(divideJobManager(256, given({ jobManagerHeapMiB: 300 })).kind, "tooSmall");
    assert.equal(divideJobManager(128, none).kind, "tooSmall");
  });

  it("takes half of a machine that nobody limits", () => {
    assert.deepEqual(slotMemoryOfMachine(16_384, 4, none), { heapMiB: 2048, youngMiB: 64 });
    assert.deepEqual(slotMemoryOfMachine(65_536, 2, none), { heapMiB: 4096, youngMiB: 64 });
    assert.deepEqual(slotMemoryOfMachine(16_384, 4, given({ slotHeapMiB: 100 })), { heapMiB: 100, youngMiB: 64 });
  });

  it("reads options, and says what one has to be", () => {
    const read = memorySettings({
      "taskmanager.memory.process.size": " 2048 ",
      "taskmanager.memory.network.fraction": "0.2",
    });
    assert.deepEqual(read, given({ processMiB: 2048, networkFraction: 0.2 }));
    const wrong = { "taskmanager.memory.process.size": "2g" };
    assert.throws(() => memorySettings(wrong), {
      code: "OPTION_INVALID",
      message: /taskmanager\.memory\.process\.size is "2g"; give a whole number/,
    });
    assert.throws(() => memorySettings({ "taskmanager.memory.slot.heap.size": "1" }), { code: "OPTION_INVALID" });
  });
});
