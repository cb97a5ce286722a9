/**
 * Owns: the tables that the queries of queries.sql are about, with random rows, the same for the same seed.
 *
 * Times of orders are all different and mostly rise: what comes behind a later one is within the delay of the watermarks.
 */
import fc from "fast-check";
import { t, type ValueOf } from "../../record/index.ts";

export const Order = t.record({
  id: t.bigint,
  user_id: t.nullable(t.int32),
  product: t.string,
  quantity: t.int32,
  price: t.decimal(2),
  amount: t.float64,
  ts: t.timestamp,
});
export const User = t.record({ id: t.int32, name: t.string, city: t.nullable(t.string), level: t.int32 });
export const Payment = t.record({ order_id: t.bigint, kind: t.string, ts: t.timestamp });

export type Data = {
  readonly orders: readonly ValueOf<typeof Order>[];
  readonly users: readonly ValueOf<typeof User>[];
  readonly payments: readonly ValueOf<typeof Payment>[];
};

/** How late an order may come. */
export const DELAY_MS = 2000;
const START_MS = Date.UTC(2026, 0, 1, 12);
const USERS = 8;

const order = fc.record({
  user_id: fc.option(fc.integer({ min: 1, max: USERS + 2 })),
  product: fc.constantFrom("tea", "rice", "salt", "beer", "Öl"),
  quantity: fc.integer({ min: 1, max: 9 }),
  price: fc.bigInt({ min: 1n, max: 9999n }),
  amount: fc.integer({ min: 1, max: 399 }).map((quarters) => quarters / 4),
  step: fc.integer({ min: 1, max: 1500 }),
  late: fc.integer({ min: 0, max: DELAY_MS - 1 }),
});

const user = fc.record({
  city: fc.option(fc.constantFrom("Bern", "Oslo", "Rome")),
  level: fc.integer({ min: 1, max: 6 }),
});

const payment = fc.record({
  order: fc.nat({ max: 59 }),
  kind: fc.constantFrom("card", "cash"),
  delay: fc.integer({ min: 0, max: 9000 }),
});

/** 60 orders, users, payments. */
export const data: fc.Arbitrary<Data> = fc
  .record({
    orders: fc.array(order, { minLength: 60, maxLength: 60 }),
    users: fc.array(user, { minLength: USERS, maxLength: USERS }),
    payments: fc.array(payment, { minLength: 30, maxLength: 30 }),
  })
  .map((random): Data => {
    let time = START_MS;
    const taken = new Set<number>();
    const orders = random.orders.map(({ step, late, ...columns }, index) => {
      time += step;
      let ts = Math.max(START_MS, time - late);
      while (taken.has(ts)) ts += 1;
      taken.add(ts);
      return { id: BigInt(index + 1), ...columns, ts };
    });
    const users = random.users.map((columns, index) => ({ id: index + 1, name: `user-${index + 1}`, ...columns }));
    const payments = random.payments
      .map(({ order: place, kind, delay }) => {
        const { id, ts } = orders[place] as (typeof orders)[number];
        return { order_id: id, kind, ts: ts + delay };
      })
      .toSorted((left, right) => left.ts - right.ts);
    return { orders, users, payments };
  });
