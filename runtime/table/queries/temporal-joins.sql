-- temporal join
WITH prices AS (
  SELECT product, price, ts FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY product ORDER BY ts DESC) AS n FROM orders WHERE MOD(id, 3) = 0) AS t WHERE n = 1)
SELECT o.id, o.product, p.price, p.ts AS since FROM orders AS o JOIN prices FOR SYSTEM_TIME AS OF o.ts AS p ON o.product = p.product;
-- DuckDB
SELECT o.id, o.product, p.price, p.ts AS since FROM orders AS o ASOF JOIN (SELECT * FROM orders WHERE id % 3 = 0) AS p ON o.product = p.product AND o.ts >= p.ts;

-- temporal left join
WITH lasts AS (
  SELECT user_id, id, amount, ts FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC) AS n FROM orders WHERE quantity > 4) AS t WHERE n = 1)
SELECT o.id, l.id AS last_id, l.amount FROM orders AS o LEFT JOIN lasts FOR SYSTEM_TIME AS OF o.ts AS l ON o.user_id = l.user_id;
-- DuckDB
SELECT o.id, l.id AS last_id, l.amount FROM orders AS o ASOF LEFT JOIN (SELECT * FROM orders WHERE quantity > 4) AS l ON o.user_id = l.user_id AND o.ts >= l.ts;

-- temporal join with conditions
WITH prices AS (
  SELECT product, price, quantity, ts FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY product ORDER BY ts DESC) AS n FROM orders WHERE MOD(id, 4) = 1) AS t WHERE n = 1 AND quantity > 2)
SELECT o.id, p.price FROM orders AS o LEFT JOIN prices FOR SYSTEM_TIME AS OF o.ts AS p ON o.product = p.product AND p.price < 60 AND o.quantity >= p.quantity;
-- DuckDB
SELECT o.id, CASE WHEN p.quantity > 2 AND p.price < 60 AND o.quantity >= p.quantity THEN p.price END AS price
FROM orders AS o ASOF LEFT JOIN (SELECT * FROM orders WHERE id % 4 = 1) AS p ON o.product = p.product AND o.ts >= p.ts;

-- temporal join where WHERE looks at the version
WITH prices AS (
  SELECT product, quantity, ts FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY product ORDER BY ts DESC) AS n FROM orders WHERE MOD(id, 2) = 0) AS t WHERE n = 1)
SELECT o.id, p.quantity FROM orders AS o JOIN prices FOR SYSTEM_TIME AS OF o.ts AS p ON o.product = p.product WHERE p.quantity > 5 AND o.amount < 70 AND p.product <> 'tea';
-- DuckDB
SELECT o.id, p.quantity FROM orders AS o ASOF JOIN (SELECT * FROM orders WHERE id % 2 = 0) AS p ON o.product = p.product AND o.ts >= p.ts
WHERE p.quantity > 5 AND o.amount < 70 AND p.product <> 'tea';

-- temporal join of two streams, in windows
WITH lasts AS (
  SELECT id, product, quantity, ts FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts DESC) AS n FROM orders) AS t WHERE n = 1),
paid AS (SELECT p.order_id, p.kind, p.ts, l.product, l.quantity FROM payments AS p JOIN lasts FOR SYSTEM_TIME AS OF p.ts AS l ON p.order_id = l.id)
SELECT product, window_start, COUNT(*) AS n, SUM(quantity) AS q FROM TABLE(TUMBLE(TABLE paid, DESCRIPTOR(ts), INTERVAL '10' SECONDS)) GROUP BY product, window_start, window_end;
-- DuckDB
SELECT l.product, time_bucket(INTERVAL 10 SECONDS, p.ts) AS window_start, COUNT(*) AS n, SUM(l.quantity) AS q
FROM payments AS p JOIN orders AS l ON p.order_id = l.id AND l.ts <= p.ts GROUP BY ALL;
