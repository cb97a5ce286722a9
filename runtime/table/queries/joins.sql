-- window join
SELECT a.window_start, a.id, b.order_id, b.kind FROM (
  SELECT * FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS))) AS a
JOIN (SELECT * FROM TABLE(TUMBLE(TABLE payments, DESCRIPTOR(ts), INTERVAL '10' SECONDS))) AS b
ON a.id = b.order_id AND a.window_start = b.window_start AND a.window_end = b.window_end;
-- DuckDB
SELECT a.start AS window_start, a.id, b.order_id, b.kind FROM (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders) AS a
JOIN (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM payments) AS b ON a.id = b.order_id AND a.start = b.start;

-- window left join with a condition
SELECT a.window_start, a.id, b.kind FROM (
  SELECT * FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS))) AS a
LEFT JOIN (SELECT * FROM TABLE(TUMBLE(TABLE payments, DESCRIPTOR(ts), INTERVAL '10' SECONDS))) AS b
ON a.id = b.order_id AND a.window_start = b.window_start AND a.window_end = b.window_end AND a.ts < b.ts;
-- DuckDB
SELECT a.start AS window_start, a.id, b.kind FROM (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders) AS a
LEFT JOIN (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM payments) AS b ON a.id = b.order_id AND a.start = b.start AND a.ts < b.ts;

-- window full join
SELECT a.id, b.order_id FROM (
  SELECT * FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '5' SECONDS))) AS a
FULL JOIN (SELECT * FROM TABLE(TUMBLE(TABLE payments, DESCRIPTOR(ts), INTERVAL '5' SECONDS))) AS b
ON a.id = b.order_id AND a.window_start = b.window_start AND a.window_end = b.window_end;
-- DuckDB
SELECT a.id, b.order_id FROM (SELECT *, time_bucket(INTERVAL 5 SECONDS, ts) AS start FROM orders) AS a
FULL JOIN (SELECT *, time_bucket(INTERVAL 5 SECONDS, ts) AS start FROM payments) AS b ON a.id = b.order_id AND a.start = b.start;

-- three tables, outer
SELECT o.id, u.name, p.kind FROM orders AS o LEFT JOIN users AS u ON o.user_id = u.id LEFT JOIN payments AS p ON p.order_id = o.id AND p.kind = 'card';

-- full join of groups by their numbers
SELECT a.product, a.n, b.user_id, b.n AS m FROM (SELECT product, COUNT(*) AS n FROM orders GROUP BY product) AS a
FULL JOIN (SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id) AS b ON a.n = b.n;

-- in groups that change
SELECT id, user_id FROM orders WHERE user_id IN (SELECT user_id FROM orders GROUP BY user_id HAVING COUNT(*) > 4);

-- not exists of groups that change
SELECT u.name FROM users AS u WHERE NOT EXISTS (SELECT 1 FROM (SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id) AS t WHERE t.user_id = u.id AND t.n > 5);

-- exists with another condition
SELECT o.id FROM orders AS o WHERE EXISTS (SELECT 1 FROM payments AS p WHERE p.order_id = o.id AND p.ts > o.ts);

-- ranks of a join
SELECT name, id, place FROM (
  SELECT u.name, o.id, ROW_NUMBER() OVER (PARTITION BY u.name ORDER BY o.amount DESC, o.id ASC) AS place
  FROM orders AS o LEFT JOIN users AS u ON o.user_id = u.id AND u.level > 2
) AS t WHERE place <= 3;

-- places in the middle
SELECT product, id, place FROM (
  SELECT product, id, ROW_NUMBER() OVER (PARTITION BY product ORDER BY amount ASC, id ASC) AS place FROM orders
) AS t WHERE place BETWEEN 2 AND 4;

-- places of groups that change
SELECT product, user_id, total, place FROM (
  SELECT product, user_id, total, ROW_NUMBER() OVER (PARTITION BY product ORDER BY total DESC, user_id ASC) AS place
  FROM (SELECT product, user_id, SUM(price) AS total FROM orders WHERE user_id IS NOT NULL GROUP BY product, user_id) AS s
) AS t WHERE place <= 3;

-- top of top
SELECT product, id, amount FROM (
  SELECT product, id, amount, ROW_NUMBER() OVER (ORDER BY amount DESC, id ASC) AS place FROM (
    SELECT product, id, amount FROM (
      SELECT product, id, amount, ROW_NUMBER() OVER (PARTITION BY product ORDER BY amount DESC, id ASC) AS place FROM orders
    ) AS t WHERE place <= 2
  ) AS s
) AS r WHERE place <= 5;

-- limit with offset
SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 5 OFFSET 3;

-- join of the last of each key
SELECT u.name, t.id FROM users AS u LEFT JOIN (
  SELECT user_id, id FROM (SELECT user_id, id, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC) AS place FROM orders) AS r WHERE place = 1
) AS t ON u.id = t.user_id;

-- interval full join
SELECT o.id, p.order_id, p.kind FROM orders AS o FULL JOIN payments AS p
ON o.id = p.order_id AND p.ts BETWEEN o.ts + INTERVAL '1' SECOND AND o.ts + INTERVAL '5' SECOND AND p.kind = 'card';

-- windows of an interval join
SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE (SELECT o.id, o.ts AS ts FROM orders AS o JOIN payments AS p
ON o.id = p.order_id AND p.ts BETWEEN o.ts AND o.ts + INTERVAL '6' SECOND), DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
-- DuckDB
SELECT time_bucket(INTERVAL 10 SECONDS, o.ts) AS window_start, COUNT(*) AS n FROM orders AS o JOIN payments AS p
ON o.id = p.order_id AND p.ts BETWEEN o.ts AND o.ts + INTERVAL '6' SECOND GROUP BY 1;

-- theta join
SELECT o.id, u.id AS user_id FROM orders AS o LEFT JOIN users AS u ON o.quantity < u.level AND o.amount > 90;

-- windows joined with their greatest
SELECT o.id, o.amount, m.most FROM (
  SELECT * FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS))) AS o
JOIN (SELECT window_start, window_end, MAX(amount) AS most FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS)) GROUP BY window_start, window_end) AS m
ON o.window_start = m.window_start AND o.window_end = m.window_end AND o.amount = m.most;
-- DuckDB
SELECT o.id, o.amount, m.most FROM (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders) AS o
JOIN (SELECT time_bucket(INTERVAL 10 SECONDS, ts) AS start, MAX(amount) AS most FROM orders GROUP BY 1) AS m ON o.start = m.start AND o.amount = m.most;

-- tables that a third one joins
SELECT u.name, p.kind, o.id FROM users AS u, payments AS p, orders AS o WHERE u.id = o.user_id AND p.order_id = o.id AND p.kind <> u.name;

-- four tables, two of which nothing joins
SELECT u.name, n.most, p.kind, o.id FROM users AS u, (SELECT MAX(level) AS most FROM users) AS n, payments AS p, orders AS o
WHERE p.order_id = o.id AND o.user_id = u.id AND o.quantity < n.most;
