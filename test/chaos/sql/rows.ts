/**
 * Owns: the rows of a run's tables, a function of its seed: those of the corpus of queries (data.test-support.ts), so many that they come while things break.
 *
 * XQR1 Times of orders and payments are all different. A row that comes behind a later one is within the delay of the watermarks, so none is ever late, and what a
 *      query gives does not depend on when its rows came.
 * XQR2 A few users order hardly ever, so that a query for those without many orders gives rows, too: a run whose query gives none shows nothing.
 */
import { type Random, seededRandom } from "../../../base/index.ts";
import { type Data, DELAY_MS } from "../../../runtime/table/queries/data.test-support.ts";

const ORDERS = 2400;
const PAYMENTS = 900;
const USERS = 20;
const USERS_NOT_THERE = 2;
/** Behind all others. */
const RARE_USERS = 4;
const START_MS = Date.UTC(2026, 0, 1, 12);
/** Between two orders, at most. */
const STEP_MS = 1500;
/** From an order to its payment, at most. */
const PAID_WITHIN_MS = 9000;

type Order = Data["orders"][number];

export function rowsOf(seed: number): Data {
  const random = seededRandom(seed);
  const orders = ordersOf(random);
  return { orders, users: usersOf(random), payments: paymentsOf(random, orders) };
}

/** From 0, below `n`. */
const below = (random: Random, n: number): number => Math.floor(random.next() * n);
const one = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T;

function ordersOf(random: Random): readonly Order[] {
  const products = ["tea", "rice", "salt", "beer", "Öl"] as const;
  const taken = new Set<number>();
  let time = START_MS;
  return Array.from({ length: ORDERS }, (_, index) => {
    time += 1 + below(random, STEP_MS);
    let ts = Math.max(START_MS, time - below(random, DELAY_MS));
    while (taken.has(ts)) ts += 1;
    taken.add(ts);
    return {
      id: BigInt(index + 1),
      user_id: buyer(random),
      product: one(random, products),
      quantity: 1 + below(random, 9),
      price: BigInt(1 + below(random, 9999)),
      amount: (1 + below(random, 399)) / 4,
      ts,
    };
  });
}

/** Sometimes nobody, and sometimes a user that is not there. */
function buyer(random: Random): number | null {
  const chance = random.next();
  if (chance < 0.1) return null;
  if (chance < 0.102) return USERS + USERS_NOT_THERE + 1 + below(random, RARE_USERS);
  return 1 + below(random, USERS + USERS_NOT_THERE);
}

function usersOf(random: Random): Data["users"] {
  const often = Array.from({ length: USERS }, (_, index) => index + 1);
  const rarely = Array.from({ length: RARE_USERS }, (_, index) => USERS + USERS_NOT_THERE + 1 + index);
  return [...often, ...rarely].map((id) => ({
    id,
    name: `user-${id}`,
    city: one(random, ["Bern", "Oslo", "Rome", null]),
    level: 1 + below(random, 6),
  }));
}

function paymentsOf(random: Random, orders: readonly Order[]): Data["payments"] {
  return Array.from({ length: PAYMENTS }, () => {
    const { id, ts } = one(random, orders);
    return { order_id: id, kind: one(random, ["card", "cash"]), ts: ts + below(random, PAID_WITHIN_MS) };
  }).toSorted((left, right) => left.ts - right.ts);
}
