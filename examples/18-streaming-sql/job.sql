-- The orders of job.ts, in SQL alone, with a window table function; runs until Ctrl-C.
CREATE TABLE t_order (
  orderId STRING,
  userName STRING,
  amount INT,
  createTime TIMESTAMP(3),
  WATERMARK FOR createTime AS createTime - INTERVAL '2' SECOND
) WITH (
  'connector' = 'datagen',
  'rows-per-second' = '20',
  'fields.orderId.length' = '8',
  'fields.userName.length' = '1',
  'fields.amount.min' = '1',
  'fields.amount.max' = '100'
);

CREATE TABLE totals (
  window_end TIMESTAMP(3),
  userName STRING,
  orders BIGINT,
  most INT,
  least INT
) WITH ('connector' = 'print');

INSERT INTO totals
SELECT window_end, userName, COUNT(*), MAX(amount), MIN(amount)
FROM TABLE(TUMBLE(TABLE t_order, DESCRIPTOR(createTime), INTERVAL '5' SECONDS))
GROUP BY window_start, window_end, userName;
