import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Log, silentLog, StreamError } from "../../base/index.ts";
import { ManualClock } from "../testkit/index.ts";
import { MetricRegistry } from "./metric-registry.ts";

type Warning = { readonly metric: unknown; readonly reason: unknown };

function createRegistry(): { registry: MetricRegistry; clock: ManualClock; warnings: Warning[] } {
  const clock = new ManualClock();
  const warnings: Warning[] = [];
  const warn = (facts: object): void => {
    const { metric, reason } = facts as Warning;
    warnings.push({ metric, reason });
  };
  const log: Log = { ...silentLog, warn };
  return { registry: new MetricRegistry({ name: "count", uid: "c", clock, log }), clock, warnings };
}

const isRefusal =
  (says: RegExp) =>
  (error: unknown): boolean =>
    error instanceof StreamError &&
    error.code === "USER_FUNCTION_FAILED" &&
    error.destiny === "terminal" &&
    error.message.startsWith("count (uid c): context.metrics.") &&
    says.test(error.message);

describe("a MetricRegistry", () => {
  it("tells what each metric is worth, in the order in which they were registered", () => {
    const { registry, clock } = createRegistry();
    let size = 3;
    const orders = registry.counter("orders");
    registry.gauge("size", () => size);
    registry.histogram("price").update(5);
    registry.meter("bytes").mark(30);
    orders.inc();
    orders.inc(4);
    size = 7;
    clock.advance(10_000);
    const [counter, gauge, histogram, meter] = registry.read();
    assert.deepEqual(counter, { kind: "counter", name: "orders", value: 5 });
    assert.deepEqual(gauge, { kind: "gauge", name: "size", value: 7 });
    assert.ok(histogram?.kind === "histogram");
    assert.deepEqual([histogram.name, histogram.count, histogram.p99], ["price", 1, 5]);
    assert.deepEqual(meter, { kind: "meter", name: "bytes", count: 30, rate: 3 });
    assert.equal(orders.count, 5);
  });

  it("gives the same metric for the same name and kind, and takes a gauge's newest function (UME2)", () => {
    const { registry } = createRegistry();
    registry.counter("a").inc();
    registry.counter("a").inc();
    assert.equal(registry.histogram("h"), registry.histogram("h"));
    assert.equal(registry.meter("m"), registry.meter("m"));
    registry.gauge("g", () => 1);
    registry.gauge("g", () => 2);
    assert.deepEqual(
      registry.read().flatMap((reading) => ("value" in reading ? [[reading.name, reading.value]] : [])),
      [
        ["a", 2],
        ["g", 2],
      ],
    );
  });

  const refused: Record<string, readonly [(registry: MetricRegistry) => unknown, RegExp]> = {
    "a name with a dash": [(registry) => registry.counter("my-orders"), /counter\("my-orders"\): a name has letters/],
    "a name that begins with a digit": [(registry) => registry.meter("1st"), /begins with no digit/],
    "an empty name": [(registry) => registry.histogram(""), /a name has/],
    "a name that is too long": [(registry) => registry.counter("x".repeat(129)), /at most 128 characters/],
    "a name that is no text": [(registry) => registry.counter(7 as unknown as string), /counter\("7"\): a name has/],
    "another kind under the same name": [
      (registry) => registry.gauge("orders", () => 1),
      /"orders" is a counter of this operator: choose another name/,
    ],
    "a name that another metric is shown as": [
      (registry) => registry.counter("price_p99"),
      /"price_p99" is also what the operator's metric "price" is shown as/,
    ],
    "a metric that is shown under another one's name": [
      (registry) => registry.meter("all"),
      /"all_count" is also what the operator's metric "all_count" is shown as/,
    ],
    "a gauge without a function": [
      (registry) => registry.gauge("size", 5 as unknown as () => number),
      /a gauge takes a function that returns a number/,
    ],
  };
  for (const [what, [register, says]] of Object.entries(refused)) {
    it(`refuses ${what} (UME2, UME3, MREG1)`, () => {
      const { registry } = createRegistry();
      registry.counter("orders");
      registry.histogram("price");
      registry.counter("all_count");
      assert.throws(() => register(registry), isRefusal(says));
      assert.equal(registry.read().length, 3);
    });
  }

  it("holds 256 metrics and refuses one more, but still knows those that it has (UME3)", () => {
    const { registry } = createRegistry();
    for (let number = 0; number < 256; number++) registry.counter(`c${number}`);
    assert.throws(() => registry.counter("c256"), isRefusal(/the operator has 256 metrics already/));
    registry.counter("c255").inc();
    assert.equal(registry.read().length, 256);
  });

  it("leaves out a gauge that throws, and every number that is not finite, and logs each once (UME4, MREG2)", () => {
    const { registry, warnings } = createRegistry();
    registry.gauge("throws", () => {
      throw new Error("no");
    });
    registry.gauge("nan", () => Number.NaN);
    registry.gauge("promise", () => Promise.resolve(1) as unknown as number);
    registry.counter("broken").inc("1" as unknown as number);
    registry.meter("endless").mark(Number.POSITIVE_INFINITY);
    for (const value of [1e200, -1e200]) registry.histogram("wide").update(value);
    registry.histogram("some").update(Number.NaN);
    registry.histogram("some").update(2);
    registry.counter("good").inc();
    for (let time = 0; time < 2; time++) {
      const readings = registry.read();
      assert.deepEqual(
        readings.map(({ name }) => name),
        ["some", "good"],
      );
      assert.deepEqual(JSON.parse(JSON.stringify(readings)), readings);
      assert.equal(readings[0]?.kind === "histogram" ? readings[0].count : null, 1);
    }
    assert.deepEqual(warnings, [
      { metric: "some", reason: "update was given NaN" },
      { metric: "throws", reason: "its function threw" },
      { metric: "nan", reason: "it is worth NaN, not a finite number" },
      { metric: "promise", reason: "it is worth object, not a finite number" },
      { metric: "broken", reason: "it is worth string, not a finite number" },
      { metric: "endless", reason: "it is worth Infinity, not a finite number" },
      { metric: "wide", reason: "it is worth Infinity, not a finite number" },
    ]);
  });

  it("shows a gauge again that has come to its senses, and logs once all the same", () => {
    const { registry, warnings } = createRegistry();
    let isBad = true;
    registry.gauge("moody", () => {
      if (isBad) throw new Error("no");
      return 1;
    });
    registry.read();
    isBad = false;
    assert.equal(registry.read().length, 1);
    isBad = true;
    registry.read();
    assert.equal(warnings.length, 1);
  });
});
