/**
 * Nine orders of three users as a table, and their sums as another one, in batch mode: the result is printed once, whole, with its schema.
 *
 *   streamjob run examples/17-batch-sql/job.ts
 */
import { job, t } from "streamjob";
import { tableEnvironment } from "streamjob/table";

const Order = t.record({ orderId: t.int32, userName: t.string, amount: t.float64 });

const orders = [
  { orderId: 1, userName: "zhangsan", amount: 358.5 },
  { orderId: 2, userName: "lisi", amount: 432.5 },
  { orderId: 3, userName: "zhaoliu", amount: 451.0 },
  { orderId: 4, userName: "lisi", amount: 127.5 },
  { orderId: 5, userName: "zhangsan", amount: 131.5 },
  { orderId: 6, userName: "zhaoliu", amount: 352.0 },
  { orderId: 7, userName: "lisi", amount: 328.5 },
  { orderId: 8, userName: "zhaoliu", amount: 341.0 },
  { orderId: 9, userName: "zhaoliu", amount: 374.0 },
];

export default job((env) => {
  env.configure({ name: "batch-sql" });
  const tables = tableEnvironment(env, { mode: "batch" });
  tables.table("t_order", env.fromCollection(orders, { type: Order, uid: "orders" }));
  tables
    .sql(
      `SELECT userName, SUM(amount) AS total, MAX(amount) AS most, MIN(amount) AS least, COUNT(*) AS orders
       FROM t_order GROUP BY userName`,
    )
    .print({ uid: "totals" });
});
