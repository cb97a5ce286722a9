import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { broadcastMap, forMonotonousTimestamps, type Job, job, list, map, t, value } from "../api/index.ts";
import { collectionSource, printSink } from "../connectors/basic/index.ts";
import { JobDriver, type JobDriverOptions } from "./job-driver.ts";

type Order = { readonly id: string; readonly amount: number };
type Payment = { readonly order: string; readonly paid: number };
const Order = t.record({ id: t.string, amount: t.int64 });
const Payment = t.record({ order: t.string, paid: t.int64 });

const orders = collectionSource<Order>([], { type: Order });
const payments = collectionSource<Payment>([], { type: Payment });
const start = (built: Job, uids: readonly string[], options: JobDriverOptions = {}): Promise<JobDriver> =>
  JobDriver.start(built, { sources: Object.fromEntries(uids.map((uid) => [uid, []])), ...options });

/** An order and its payment, whichever comes first; an order that nobody pays in a second is late. */
const settle = job((env) => {
  const first = env
    .fromSource(orders, { uid: "orders", watermarks: forMonotonousTimestamps(({ amount }) => amount) })
    .keyBy("id");
  const second = env
    .fromSource(payments, { uid: "payments", watermarks: forMonotonousTimestamps(({ paid }) => paid) })
    .keyBy("order");
  const settled = first.connect(second).process(
    {
      state: { order: value(Order), payment: value(Payment) },
      sideOutputs: { late: t.string },
      process1(order, { state, out, timers, timestamp }) {
        const payment = state.payment.value();
        if (payment === undefined) {
          state.order.update(order);
          timers.registerEventTime(timestamp + 1000);
        } else out.collect(`${order.id} ${order.amount} paid ${payment.paid}`);
      },
      process2(payment, { state, out }) {
        const order = state.order.value();
        if (order === undefined) state.payment.update(payment);
        else {
          out.collect(`${order.id} ${order.amount} paid ${payment.paid}`);
          state.order.clear();
        }
      },
      onTimer(_timestamp, { state, sideOutputs, currentKey }) {
        if (state.order.value() !== undefined) sideOutputs.late.collect(currentKey);
      },
    },
    { uid: "settle", type: t.string },
  );
  settled.sinkTo(printSink(), { uid: "settled" });
  settled.sideOutput("late").sinkTo(printSink(), { uid: "late" });
});

describe("two keyed streams, connected", () => {
  for (const parallelism of [1, 3]) {
    it(`share the state and the timers of a key, at parallelism ${parallelism} (CNF2)`, async () => {
      await using driver = await start(settle, ["orders", "payments"], { parallelism });
      driver.push("orders", { id: "a", amount: 10 });
      driver.push("payments", { order: "b", paid: 20 });
      await driver.run();
      assert.deepEqual(driver.output("settled"), []);
      driver.push("orders", { id: "b", amount: 11 });
      driver.push("payments", { order: "a", paid: 21 });
      await driver.run();
      assert.deepEqual(driver.output<string>("settled").toSorted(), ["a 10 paid 21", "b 11 paid 20"]);
    });
  }

  it("go on from a snapshot at another parallelism with the state of both", async () => {
    const before = await start(settle, ["orders", "payments"], { parallelism: 2 });
    for (const id of ["a", "b", "c", "d"]) before.push("orders", { id, amount: 1 });
    await before.run();
    const snapshot = await before.snapshot();
    await before.close();
    await using after = await start(settle, [], { parallelism: 3, restore: snapshot });
    for (const order of ["d", "b", "a", "c"]) after.push("payments", { order, paid: 2 });
    await after.run();
    assert.deepEqual(
      after.output<string>("settled").toSorted(),
      ["a", "b", "c", "d"].map((id) => `${id} 1 paid 2`),
    );
  });

  it("have the lower of the two watermarks: timers wait for the slower stream (WM-2)", async () => {
    await using driver = await start(settle, ["orders", "payments"]);
    driver.push("orders", { id: "a", amount: 10 });
    driver.push("orders", { id: "b", amount: 5000 });
    await driver.advance(1000);
    assert.deepEqual(driver.output("late"), [], "the payments have no watermark yet");
    driver.push("payments", { order: "x", paid: 1010 });
    await driver.advance(1000);
    assert.deepEqual(driver.output("late"), [], "1009 is below the timer's time");
    driver.push("payments", { order: "x", paid: 1011 });
    await driver.advance(1000);
    assert.deepEqual(driver.output("late"), ["a"]);
  });

  it("can be keyed after they were connected", async () => {
    const keyedLater = job((env) => {
      env
        .fromSource(orders, { uid: "orders" })
        .connect(env.fromSource(payments, { uid: "payments" }))
        .keyBy("id", ({ order }) => order)
        .process(
          {
            state: { sum: value(t.int64) },
            process1({ amount }, { state, out }) {
              state.sum.update((state.sum.value() ?? 0) + amount);
              out.collect(state.sum.value() ?? 0);
            },
            process2({ paid }, { state, out }) {
              state.sum.update((state.sum.value() ?? 0) - paid);
              out.collect(state.sum.value() ?? 0);
            },
          },
          { uid: "balance", type: t.int64 },
        )
        .sinkTo(printSink(), { uid: "balances" });
    });
    await using driver = await start(keyedLater, ["orders", "payments"], { parallelism: 2 });
    driver.push("orders", { id: "a", amount: 10 });
    await driver.run();
    driver.push("payments", { order: "a", paid: 4 });
    await driver.run();
    assert.deepEqual(driver.output("balances"), [10, 6]);
  });
});

describe("two streams without keys, connected", () => {
  const both = (build: (env: Parameters<Parameters<typeof job>[0]>[0]) => void): Job => job(build);

  it("map and flatMap take a function for each, which may emit in steps", async () => {
    const mapped = both((env) => {
      const connected = env
        .fromSource(orders, { uid: "orders" })
        .connect(env.fromSource(payments, { uid: "payments" }));
      connected
        .map(
          ({ id }) => `order ${id}`,
          ({ order }) => `payment ${order}`,
          { type: t.string },
        )
        .sinkTo(printSink(), { uid: "mapped" });
      connected
        .flatMap(
          function* ({ id, amount }) {
            for (let n = 0; n < amount; n++) yield `${id}${n}`;
          },
          ({ order, paid }, out) => {
            for (let n = 0; n < paid; n++) out.collect(`-${order}${n}`);
          },
          { type: t.string },
        )
        .sinkTo(printSink(), { uid: "flat" });
    });
    await using driver = await start(mapped, ["orders", "payments"]);
    driver.push("orders", { id: "a", amount: 3 });
    driver.push("payments", { order: "p", paid: 2 });
    await driver.run();
    assert.deepEqual(driver.output<string>("mapped").toSorted(), ["order a", "payment p"]);
    assert.deepEqual(driver.output<string>("flat").toSorted(), ["-p0", "-p1", "a0", "a1", "a2"]);
  });

  it("names the hook in the error when what it returns means nothing", async () => {
    const wrong = both((env) => {
      env
        .fromSource(orders, { uid: "orders" })
        .connect(env.fromSource(payments, { uid: "payments" }))
        .process(
          { process1() {}, process2: (({ order }: Payment) => [order]) as never },
          { uid: "wrong", type: t.string },
        )
        .sinkTo(printSink(), { uid: "out" });
    });
    const driver = await start(wrong, ["orders", "payments"]);
    driver.push("payments", { order: "p", paid: 2 });
    await assert.rejects(driver.run(), /process2 returned an array, which is not emitted.*\*process2/);
  });

  it("refuses a function without both hooks, and streams of another job", async () => {
    const lacking = both((env) => {
      env
        .fromSource(orders, { uid: "orders" })
        .connect(env.fromSource(payments, { uid: "payments" }))
        .process({ process() {} } as never, { uid: "lacking", type: t.string });
    });
    await assert.rejects(start(lacking, ["orders", "payments"]), /the function's process1/);
    let foreign: unknown;
    await start(
      both((env) => {
        foreign = env.fromSource(orders, { uid: "orders" });
        (foreign as { print(): void }).print();
      }),
      ["orders"],
    ).then((driver) => driver.close());
    const mixed = both((env) => {
      env.fromSource(payments, { uid: "payments" }).connect(foreign as never);
    });
    await assert.rejects(start(mixed, ["payments"]), /connect: the streams belong to two environments/);
    const none = both((env) => {
      env.fromSource(payments, { uid: "payments" }).connect(undefined as never);
    });
    await assert.rejects(start(none, ["payments"]), /connect takes streams/);
  });
});

const Rule = t.record({ name: t.string, atLeast: t.int64 });
type Rule = { readonly name: string; readonly atLeast: number };
const rules = collectionSource<Rule>([], { type: Rule });

/** The names of the rules that an order meets; a rule is taken back with `atLeast: -1`. */
const matched = job((env) => {
  env
    .fromSource(orders, { uid: "orders" })
    .keyBy("id")
    .connect(env.fromSource(rules, { uid: "rules" }).broadcast())
    .process(
      {
        state: { seen: list(Order), rules: broadcastMap(t.string, Rule) },
        process(order, { state, out }) {
          state.seen.add(order);
          for (const { name, atLeast } of state.rules.values())
            if (order.amount >= atLeast) out.collect(`${order.id} ${name}`);
        },
        processBroadcast(rule, { state, out, applyToKeys, subtask }) {
          if (rule.atLeast < 0) {
            state.rules.remove(rule.name);
            return;
          }
          state.rules.put(rule.name, rule);
          out.collect(`rule ${rule.name} in ${subtask}`);
          applyToKeys("seen", (seen, key) => {
            for (const { amount } of seen.get())
              if (amount >= rule.atLeast) out.collect(`${key} ${rule.name} afterwards`);
          });
        },
      },
      { uid: "match", type: t.string },
    )
    .sinkTo(printSink(), { uid: "out" });
});

describe("a stream connected to a broadcast one", () => {
  it("gives every subtask every record of the second, and lets it see all keys of its own (CNF3)", async () => {
    await using driver = await start(matched, ["orders", "rules"], { parallelism: 3 });
    for (const id of ["a", "b", "c", "d", "e"]) driver.push("orders", { id, amount: id === "c" ? 5 : 100 });
    await driver.run();
    driver.push("rules", { name: "big", atLeast: 50 });
    await driver.run();
    driver.push("orders", { id: "c", amount: 60 });
    await driver.run();
    assert.deepEqual(driver.output<string>("out").toSorted(), [
      "a big afterwards",
      "b big afterwards",
      "c big",
      "d big afterwards",
      "e big afterwards",
      "rule big in 0",
      "rule big in 1",
      "rule big in 2",
    ]);
  });

  for (const parallelism of [1, 2, 5]) {
    it(`has one copy of broadcast state in each subtask after a restore, at ${parallelism} instead of 3 (SP-9)`, async () => {
      const before = await start(matched, ["orders", "rules"], { parallelism: 3 });
      for (const [name, atLeast] of [
        ["any", 0],
        ["gone", 0],
        ["big", 50],
      ] as const)
        before.push("rules", { name, atLeast });
      before.push("rules", { name: "gone", atLeast: -1 });
      await before.run();
      const snapshot = await before.snapshot();
      await before.close();
      await using after = await start(matched, [], { parallelism, restore: snapshot });
      for (let n = 0; n < 20; n++) after.push("orders", { id: `o${n}`, amount: n < 10 ? 1 : 99 });
      await after.run();
      const expected = Array.from({ length: 20 }, (_, n) =>
        n < 10 ? [`o${n} any`] : [`o${n} any`, `o${n} big`],
      ).flat();
      assert.deepEqual(after.output<string>("out").toSorted(), expected.toSorted());
    });
  }

  const misused = (fn: object): Job =>
    job((env) => {
      env
        .fromSource(orders, { uid: "orders" })
        .keyBy("id")
        .connect(env.fromSource(rules, { uid: "rules" }).broadcast())
        .process(fn as never, { uid: "misused", type: t.string })
        .sinkTo(printSink(), { uid: "out" });
    });
  const state = { seen: value(t.int64), rules: broadcastMap(t.string, Rule) };
  type Handles = {
    state: { seen: { update(n: number): void }; rules: Map<string, Rule> & { put(k: string, v: Rule): void } };
  };

  it("refuses a write outside processBroadcast, keyed state in it, and what is read from broadcast state being changed", async () => {
    const attempts: readonly [object, "orders" | "rules", RegExp][] = [
      [
        {
          state,
          process: (_: Order, c: Handles) => c.state.rules.put("x", { name: "x", atLeast: 1 }),
          processBroadcast() {},
        },
        "orders",
        /broadcast state "rules" was written outside processBroadcast/,
      ],
      [
        { state, process() {}, processBroadcast: (_: Rule, c: Handles) => c.state.seen.update(1) },
        "rules",
        /state "seen".*no current key|state "seen".*after the call/,
      ],
      [
        {
          state,
          process: (_: Order, c: { applyToKeys(...all: unknown[]): void }) => c.applyToKeys("seen", () => {}),
          processBroadcast() {},
        },
        "orders",
        /applyToKeys was called, but it is for processBroadcast only/,
      ],
      [
        {
          state,
          process() {},
          processBroadcast: (_: Rule, c: { applyToKeys(...all: unknown[]): void }) => c.applyToKeys("rules", () => {}),
        },
        "rules",
        /no keyed state of that name/,
      ],
      [
        {
          state,
          process() {},
          processBroadcast(rule: Rule, c: Handles) {
            c.state.rules.put(rule.name, { name: rule.name, atLeast: 1 });
            (c.state.rules.get(rule.name) as { atLeast: number }).atLeast = 2;
          },
        },
        "rules",
        /Cannot assign to read only property 'atLeast'/,
      ],
    ];
    for (const [fn, uid, message] of attempts) {
      const driver = await start(misused(fn), ["orders", "rules"]);
      driver.push(uid, uid === "orders" ? { id: "a", amount: 1 } : { name: "r", atLeast: 1 });
      await assert.rejects(driver.run(), message);
    }
  });

  it("has no key in the generator of processBroadcast, not even that of a generator before", async () => {
    const stepped = misused({
      state,
      *process({ id }: Order, c: Handles) {
        c.state.seen.update(1);
        yield id;
      },
      *processBroadcast(_: Rule, c: Handles) {
        yield "before";
        c.state.seen.update(2);
      },
    });
    const driver = await start(stepped, ["orders", "rules"]);
    driver.push("orders", { id: "a", amount: 1 });
    await driver.run();
    driver.push("rules", { name: "r", atLeast: 1 });
    await assert.rejects(driver.run(), /state "seen"/);
    assert.deepEqual(driver.output("out"), ["a", "before"]);
  });

  it("is where broadcast state may be declared, and nowhere else", async () => {
    const plain = job((env) => {
      env
        .fromSource(orders, { uid: "orders" })
        .process({ state: { rules: broadcastMap(t.string, Rule) }, process() {} }, { uid: "plain", type: t.string })
        .print();
    });
    await assert.rejects(start(plain, ["orders"]), /"rules" is broadcast state, which nothing writes here/);
  });

  it("works without keys, and its generators keep the right to write", async () => {
    const counting = job((env) => {
      env
        .fromSource(orders, { uid: "orders" })
        .connect(env.fromSource(rules, { uid: "rules" }).broadcast())
        .process(
          {
            state: { names: broadcastMap(t.int64, t.string) },
            process({ id }, { state, out }) {
              out.collect(`${id}: ${[...state.names.values()].join(" ")}`);
            },
            *processBroadcast({ name, atLeast }, { state }) {
              for (let n = 0; n < atLeast; n++) {
                state.names.put(n, `${name}${n}`);
                yield `put ${n}`;
              }
            },
          },
          { uid: "counting", type: t.string },
        )
        .sinkTo(printSink(), { uid: "out" });
    });
    await using driver = await start(counting, ["orders", "rules"]);
    driver.push("rules", { name: "r", atLeast: 3 });
    await driver.run();
    driver.push("orders", { id: "o", amount: 1 });
    await driver.run();
    assert.deepEqual(driver.output("out"), ["put 0", "put 1", "put 2", "o: r0 r1 r2"]);
  });
});

describe("side outputs", () => {
  const parts = job((env) => {
    const split = env.fromSource(orders, { uid: "orders" }).process(
      {
        sideOutputs: { small: Order, names: t.string },
        process(order, { out, sideOutputs }) {
          sideOutputs.names.collectAt(order.id, 7);
          if (order.amount < 10) sideOutputs.small.collect(order);
          else out.collect(order.amount);
        },
      },
      { uid: "split", type: t.int64 },
    );
    split.sinkTo(printSink(), { uid: "main" });
    split.sideOutput("small").keyBy("id").sum("amount", { uid: "sums" }).sinkTo(printSink(), { uid: "sums-out" });
    split
      .sideOutput("names")
      .map((name) => name.toUpperCase(), { uid: "upper", type: t.string })
      .sinkTo(printSink(), { uid: "upper-out" });
  });

  for (const parallelism of [1, 2]) {
    it(`go on in the same task and over edges, at parallelism ${parallelism}`, async () => {
      await using driver = await start(parts, ["orders"], { parallelism });
      for (const [id, amount] of [
        ["a", 1],
        ["b", 10],
        ["a", 2],
        ["c", 30],
      ] as const)
        driver.push("orders", { id, amount });
      await driver.run();
      assert.deepEqual(
        driver.output<number>("main").toSorted((a, b) => a - b),
        [10, 30],
      );
      assert.deepEqual(
        driver.output<Order>("sums-out").map(({ id, amount }) => `${id} ${amount}`),
        ["a 1", "a 3"],
      );
      assert.deepEqual(driver.output<string>("upper-out").toSorted(), ["A", "A", "B", "C"]);
      assert.ok(driver.records("upper-out").every(({ timestamp }) => timestamp === 7));
    });
  }

  for (const parallelism of [1, 2]) {
    it(`have the watermark of their operator, in its task and over edges, at parallelism ${parallelism} (WM-2)`, async () => {
      const timed = job((env) => {
        const split = env
          .fromSource(orders, { uid: "orders", watermarks: forMonotonousTimestamps(({ amount }) => amount) })
          .process(
            { sideOutputs: { small: Order }, process: (order, { sideOutputs }) => sideOutputs.small.collect(order) },
            { uid: "split", type: t.string },
          );
        const side = split.sideOutput("small");
        side
          .process(
            { process: ({ id }, { out, watermark }) => out.collect(`${id} at ${watermark}`) },
            { uid: "chained", type: t.string },
          )
          .sinkTo(printSink(), { uid: "chained-out" });
        side
          .keyBy("id")
          .process(
            {
              process: ({ amount }, { timers }) => timers.registerEventTime(amount),
              onTimer: (timestamp, { out, currentKey }) => out.collect(`${currentKey} ${timestamp}`),
            },
            { uid: "timed", type: t.string },
          )
          .sinkTo(printSink(), { uid: "timed-out" });
      });
      await using driver = await start(timed, [], {
        parallelism,
        sources: { orders: { splits: parallelism, values: [] } },
      });
      for (let split = 0; split < parallelism; split++) driver.push("orders", { id: "a", amount: 10 });
      await driver.advance(1000);
      for (let split = 0; split < parallelism; split++) driver.push("orders", { id: "b", amount: 20 });
      await driver.advance(1000);
      assert.ok(driver.output<string>("chained-out").includes("b at 9"));
      assert.deepEqual(driver.output("timed-out"), ["a 10"]);
    });
  }

  it("are checked against their type, and dropped where nobody takes them", async () => {
    const wrong = job((env) => {
      env
        .fromSource(orders, { uid: "orders" })
        .process(
          {
            sideOutputs: { ids: t.int64 },
            process({ id }, { sideOutputs }) {
              sideOutputs.ids.collect((id === "bad" ? id : 1) as number);
            },
          },
          { uid: "wrong", type: t.string },
        )
        .sinkTo(printSink(), { uid: "out" });
    });
    const driver = await start(wrong, ["orders"]);
    driver.push("orders", { id: "good", amount: 1 });
    await driver.run();
    assert.deepEqual(driver.output("out"), []);
    driver.push("orders", { id: "bad", amount: 1 });
    await assert.rejects(driver.run(), { code: "VALUE_NOT_SERIALIZABLE", message: /declared type is int64/ });
  });

  it("that were not declared cannot be taken; a declaration without a type is refused", async () => {
    const undeclared = job((env) => {
      const stream = env
        .fromSource(orders, { uid: "orders" })
        .process({ sideOutputs: { late: t.string }, process() {} }, { type: t.string });
      assert.throws(() => stream.sideOutput("constructor" as "late"), /sideOutput\("constructor"\)/);
      stream.sideOutput("lat" as "late").print();
    });
    await assert.rejects(
      start(undeclared, ["orders"]),
      /sideOutput\("lat"\): the operator declares the side outputs late/,
    );
    const untyped = job((env) => {
      env
        .fromSource(orders, { uid: "orders" })
        .process({ sideOutputs: { late: "string" } as never, process() {} }, { type: t.string })
        .print();
    });
    await assert.rejects(start(untyped, ["orders"]), /the side output "late" is not declared with a type/);
  });
});

describe("a keyed stream", () => {
  it("is a stream: its records go by key through every operation", async () => {
    const keyed = job((env) => {
      const byId = env.fromSource(orders, { uid: "orders" }).keyBy("id");
      byId.map(({ id }) => id, { uid: "ids", type: t.string }).sinkTo(printSink(), { uid: "mapped" });
      byId.filter(({ amount }) => amount > 1).sinkTo(printSink(), { uid: "filtered" });
      byId.sinkTo(printSink(), { uid: "direct" });
      byId
        .keyBy("amount")
        .process(
          {
            state: { ids: map(t.string, t.boolean) },
            process({ id }, { state, out, currentKey }) {
              state.ids.put(id, true);
              out.collect(`${currentKey}: ${[...state.ids.keys()].sort().join()}`);
            },
          },
          { uid: "by-amount", type: t.string },
        )
        .sinkTo(printSink(), { uid: "by-amount-out" });
      byId.union(env.fromSource(orders, { uid: "others" })).sinkTo(printSink(), { uid: "united" });
    });
    await using driver = await start(keyed, ["orders", "others"], { parallelism: 3 });
    const ids = ["a", "b", "c", "d", "e", "f"];
    for (const round of [1, 2]) for (const id of ids) driver.push("orders", { id, amount: round });
    driver.push("others", { id: "z", amount: 9 });
    await driver.run();
    for (const uid of ["mapped", "direct"]) {
      const places = new Map<string, Set<number>>();
      for (const { value: given, subtask } of driver.records<string | Order>(uid)) {
        const id = typeof given === "string" ? given : given.id;
        places.set(id, (places.get(id) ?? new Set()).add(subtask));
      }
      assert.deepEqual([...places.keys()].sort(), ids);
      assert.ok(
        [...places.values()].every(({ size }) => size === 1),
        `${uid}: a key came to two subtasks`,
      );
      assert.ok(
        new Set([...places.values()].flatMap((set) => [...set])).size > 1,
        `${uid}: all keys came to one subtask`,
      );
    }
    assert.equal(driver.output("filtered").length, 6);
    assert.equal(driver.output("united").length, 13);
    assert.ok(driver.output<string>("by-amount-out").includes("2: a,b,c,d,e,f"));
  });
});
