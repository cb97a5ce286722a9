/** Every context has metrics, and both drivers read them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defineSink, defineSource, job, type OperatorFactory, t } from "../api/index.ts";
import { collectionSource } from "../connectors/basic/index.ts";
import { JobDriver, ManualClock, OperatorHarness } from "./index.ts";

type Order = { readonly customer: string; readonly cents: number };
const Order = t.record({ customer: t.string, cents: t.int64 });

const orders: readonly Order[] = Array.from({ length: 20 }, (_, index) => ({
  customer: `c${index % 5}`,
  cents: index,
}));

/** A source of one split that counts what it gives. */
const countedSource = defineSource<Order, { next: number }>({
  name: "orders",
  boundedness: "bounded",
  type: Order,
  discover: () => [{ next: 0 }],
  createReader: ({ splits, metrics }) => {
    const given = metrics.counter("given");
    const [split] = splits;
    let next = split?.next ?? orders.length;
    return {
      poll(output) {
        const order = orders[next];
        if (order === undefined) return "end";
        next += 1;
        given.inc();
        output.collect(order, 0);
        return "more";
      },
      snapshot: () => (next < orders.length ? [{ next }] : []),
    };
  },
});

const doubling: OperatorFactory<Order, Order> = {
  kind: "operator",
  name: "doubling",
  create: () => {
    let collect: (value: Order, timestamp: number) => void;
    let size = 0;
    return {
      open({ metrics }, output) {
        metrics.gauge("largest", () => size);
        collect = (value, timestamp) => output.collect(value, timestamp);
      },
      process(value, timestamp) {
        size = Math.max(size, value.cents);
        collect(value, timestamp);
        collect(value, timestamp);
      },
    };
  },
};

const measured = job((env) => {
  env.configure({ name: "measured", parallelism: 2 });
  const sums = env
    .fromSource(countedSource, { uid: "orders" })
    .process(
      {
        process(order, { metrics, out }) {
          metrics.counter("cents").inc(order.cents);
          out.collect(order);
        },
      },
      { uid: "plain", type: Order },
    )
    .transform(doubling, { uid: "doubling", type: Order })
    .keyBy("customer")
    .process(
      {
        open: ({ metrics }) => void metrics.meter("orders"),
        process(order, { metrics, out }) {
          metrics.meter("orders").mark();
          metrics.histogram("price").update(order.cents);
          out.collect(order);
        },
      },
      { uid: "keyed", type: Order },
    );
  sums.sinkTo(
    defineSink<Order>({
      name: "plain",
      guarantee: "at-least-once",
      createWriter: ({ metrics }) => ({ write: () => metrics.counter("written").inc() }),
    }),
    { uid: "plain-sink" },
  );
  sums.sinkTo(
    defineSink<Order, number>({
      name: "exact",
      guarantee: "exactly-once",
      createWriter: ({ metrics }) => ({
        begin: () => 0,
        write: () => metrics.counter("written").inc(),
        prepare: (transaction) => transaction,
        commit: async () => {
          metrics.counter("committed").inc();
          return { kind: "committed" };
        },
        abort: () => undefined,
        abortAllExcept: () => undefined,
      }),
    }),
    { uid: "exact-sink" },
  );
});

describe("a JobDriver's metrics", () => {
  it("are those of sources, functions, operators and sinks, summed up over the subtasks", async () => {
    const clock = new ManualClock();
    await using driver = await JobDriver.start(measured, { keepSinks: true, clock });
    await driver.run();
    assert.equal(driver.isFinished, true);
    assert.equal(driver.metric("orders", "given"), 20);
    assert.equal(driver.metric("plain", "cents"), 190);
    assert.equal(driver.metric("doubling", "largest"), 19);
    assert.equal(driver.metric("keyed", "price"), 40);
    assert.equal(driver.metric("plain-sink", "written"), 40);
    assert.equal(driver.metric("exact-sink", "written"), 40);
    assert.ok(driver.metric("exact-sink", "committed") > 0);
    clock.advance(10_000);
    assert.equal(driver.metric("keyed", "orders"), 4);
    const [first, second] = [driver.histogram("keyed", "price"), driver.histogram("keyed", "price", 1)];
    assert.equal(first.count + second.count, 40);
    assert.equal(Math.max(first.max, second.max), 19);
  });

  it("that are not there are an error that names those that are", async () => {
    await using driver = await JobDriver.start(measured, { sources: { orders: [orders[0]] }, keepSinks: true });
    await driver.run();
    assert.throws(() => driver.metric("plain", "cent"), /"plain" has no metric "cent" .*; it has: cents/);
    assert.throws(() => driver.metric("plane", "cents"), /"plane" has no metric "cents".*; it has: none/);
    assert.throws(() => driver.histogram("plain", "cents"), /the metric "cents" of "plain" is a counter, no histogram/);
    assert.throws(() => driver.histogram("keyed", "price", 2), /it has: none/);
  });

  it("begin anew with another driver: they are no state (UME1)", async () => {
    const before = await JobDriver.start(measured, { sources: { orders: [orders[3]] } });
    await before.run();
    assert.equal(before.metric("plain", "cents"), 3);
    const restore = await before.snapshot();
    await before.close();
    await using after = await JobDriver.start(measured, { sources: { orders: [orders[4]] }, restore });
    await after.run();
    assert.equal(after.metric("plain", "cents"), 4);
  });

  it("with a bad name fail the job, and say where (UME3)", async () => {
    const bad = job((env) =>
      env
        .fromSource(collectionSource([1]), { uid: "numbers" })
        .process({ process: (_value, { metrics }) => metrics.counter("a.b").inc() }, { uid: "bad", type: t.int64 })
        .print(),
    );
    const driver = await JobDriver.start(bad);
    await assert.rejects(driver.run(), /uid bad\): context\.metrics\.counter\("a\.b"\): a name has letters/);
  });
});

it("an OperatorHarness reads the metrics of its operator", async () => {
  const harness = await OperatorHarness.open(doubling, { uid: "d" });
  harness.process({ customer: "c", cents: 7 });
  assert.equal(harness.metric("largest"), 7);
  assert.throws(() => harness.metric("smallest"), /"d" has no metric "smallest".*; it has: largest/);
  assert.throws(() => harness.histogram("largest"), /"largest" of "d" is a gauge, no histogram/);
});
