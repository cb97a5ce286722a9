import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricsPage } from "./metrics-page.ts";
import { nextTurn, systemClock } from "./system.ts";
import { addProcessFigures, addThreadFigures, observeThread } from "./thread-figures.ts";

test("THF1 a thread measures its heap and the time of its garbage collections, on a page for Prometheus", async () => {
  const read = observeThread();
  const kept: unknown[] = [];
  const endMs = systemClock.monotonicMs() + 60_000;
  while (read().gcMinorMs === 0 && systemClock.monotonicMs() < endMs) {
    for (let i = 0; i < 100_000; i++) kept[i % 1000] = { i, text: `record ${i}` };
    await nextTurn();
  }
  const page = new MetricsPage();
  addThreadFigures(page, "slot-0", read());
  addProcessFigures(page);
  const text = page.text();
  for (const sample of [
    /^nodejs_heap_size_used_bytes\{thread="slot-0"\} [1-9]\d*$/m,
    /^nodejs_heap_size_limit_bytes\{thread="slot-0"\} [1-9]\d*$/m,
    /^nodejs_gc_duration_seconds_total\{thread="slot-0",kind="minor"\} 0\.\d+/m,
    /^process_resident_memory_bytes [1-9]\d*$/m,
    /^process_cpu_seconds_total [\d.]+$/m,
  ]) {
    assert.match(text, sample);
  }
});
