-- The same as job.ts, in SQL alone, from a file.
SET 'execution.runtime-mode' = 'batch';
SET 'pipeline.name' = 'batch-sql';

CREATE TABLE t_order (
  orderId INT,
  userName STRING,
  amount DOUBLE
) WITH (
  'connector' = 'filesystem',
  'path' = 'examples/17-batch-sql/orders.csv',
  'format' = 'csv'
);

SELECT userName, SUM(amount) AS total, MAX(amount) AS most, MIN(amount) AS least, COUNT(*) AS orders
FROM t_order GROUP BY userName;
