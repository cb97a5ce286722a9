/**
 * Orders of each user in windows of five seconds of event time: how many, the largest and the smallest. An order may come two seconds late.
 *
 *   streamjob run examples/18-streaming-sql/job.ts
 */
import { forBoundedOutOfOrderness, job, t } from "streamjob";
import { tableEnvironment } from "streamjob/table";

const Order = t.record({ orderId: t.string, userName: t.string, amount: t.int32, createTime: t.int64 });

/** In the order in which they come: the fourth one is late, and in time for its window. */
const orders = [
  { orderId: "a1", userName: "zhangsan", amount: 40, createTime: 1000 },
  { orderId: "a2", userName: "lisi", amount: 25, createTime: 2500 },
  { orderId: "a3", userName: "zhangsan", amount: 90, createTime: 5200 },
  { orderId: "a4", userName: "zhangsan", amount: 15, createTime: 4800 },
  { orderId: "a5", userName: "lisi", amount: 70, createTime: 6100 },
  { orderId: "a6", userName: "lisi", amount: 5, createTime: 13_000 },
  { orderId: "a7", userName: "zhangsan", amount: 60, createTime: 14_500 },
];

type Totals = {
  readonly userName: string;
  readonly orders: bigint;
  readonly most: number;
  readonly least: number;
};

export default job((env) => {
  env.configure({ name: "streaming-sql" });
  const stream = env.fromCollection(orders, {
    type: Order,
    uid: "orders",
    watermarks: forBoundedOutOfOrderness("2 s", ({ createTime }) => createTime),
  });
  const tables = tableEnvironment(env);
  tables.table("t_order", stream, { rowtime: "createTime" });
  tables
    .sql<Totals>(
      `SELECT userName, COUNT(*) AS orders, MAX(amount) AS most, MIN(amount) AS least
       FROM t_order GROUP BY TUMBLE(createTime, INTERVAL '5' SECOND), userName`,
    )
    .toRetractStream({ uid: "totals" })
    .map(({ isAdded, row }) => `(${isAdded},${row.userName},${row.orders},${row.most},${row.least})`, {
      type: t.string,
    })
    .print();
});
