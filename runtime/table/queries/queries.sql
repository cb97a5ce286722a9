-- Queries over the tables of data.test-support.ts. Each is run over streams and over bounded tables, and gives what DuckDB gives for the same rows.
-- Where DuckDB says the same in other words, they follow below `-- DuckDB`.

-- columns of some rows
SELECT id, amount * 2 AS doubled, UPPER(product) AS product FROM orders WHERE quantity > 3;

-- three-valued logic
SELECT id FROM orders WHERE NOT (user_id > 4 AND product <> 'tea') OR user_id IS NULL;

-- choices
SELECT id,
  CASE WHEN amount > 60 THEN 'much' WHEN amount > 30 THEN 'some' ELSE 'little' END AS size,
  COALESCE(user_id, -1) AS user_id,
  CASE product WHEN 'tea' THEN 1 WHEN 'rice' THEN 2 END AS code,
  CAST(amount AS INT) AS whole
FROM orders;
-- DuckDB
SELECT id,
  CASE WHEN amount > 60 THEN 'much' WHEN amount > 30 THEN 'some' ELSE 'little' END AS size,
  COALESCE(user_id, -1) AS user_id,
  CASE product WHEN 'tea' THEN 1 WHEN 'rice' THEN 2 END AS code,
  CAST(TRUNC(amount) AS INT) AS whole
FROM orders;

-- texts
SELECT id, product || '-' || CAST(quantity AS STRING) AS label, CHAR_LENGTH(product) AS letters
FROM orders WHERE product LIKE '_e%' OR product IN ('rice', 'salt');
-- DuckDB
SELECT id, product || '-' || CAST(quantity AS VARCHAR) AS label, LENGTH(product) AS letters
FROM orders WHERE product LIKE '_e%' OR product IN ('rice', 'salt');

-- parts of texts, and what is how often in them
SELECT id, SPLIT_INDEX(product, 'e', 1) AS behind, SPLIT_INDEX(product, 'e', 0) AS ahead,
  CHAR_LENGTH(product) - CHAR_LENGTH(REPLACE(product, 'e', '')) AS letters
FROM orders WHERE 0.75 * quantity > 2 AND 0.3 * id <= 99.1;
-- DuckDB
SELECT id, STRING_SPLIT(product, 'e')[2] AS behind, STRING_SPLIT(product, 'e')[1] AS ahead,
  LENGTH(product) - LENGTH(REPLACE(product, 'e', '')) AS letters
FROM orders WHERE 0.75 * quantity > 2 AND 0.3 * id <= 99.1;

-- groups
SELECT product, COUNT(*) AS n, SUM(quantity) AS quantity, SUM(price) AS price, MIN(amount) AS least, MAX(amount) AS most, AVG(amount) AS mean
FROM orders GROUP BY product;

-- groups of two columns, one with NULLs
SELECT user_id, product, COUNT(*) AS n, COUNT(user_id) AS known FROM orders GROUP BY user_id, product;

-- groups with HAVING
SELECT user_id, SUM(price) AS total FROM orders GROUP BY user_id HAVING COUNT(*) > 3 AND SUM(price) > 50;

-- all rows
SELECT COUNT(*) AS n, COUNT(DISTINCT product) AS products, SUM(quantity) AS quantity, MAX(product) AS last FROM orders;

-- no rows
SELECT COUNT(*) AS n, SUM(quantity) AS quantity FROM orders WHERE quantity > 1000;

-- some of the values
SELECT product, COUNT(DISTINCT user_id) AS users, SUM(quantity) FILTER (WHERE amount > 40) AS dear, COUNT(*) FILTER (WHERE user_id IS NULL) AS no_user
FROM orders GROUP BY product;

-- how often something occurs that often
SELECT n, COUNT(*) AS users FROM (SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id) GROUP BY n;
-- DuckDB
SELECT n, COUNT(*) AS users FROM (SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id) AS t GROUP BY n;

-- the mean of the greatest
SELECT product, AVG(most) AS mean FROM (SELECT product, user_id, MAX(amount) AS most FROM orders GROUP BY product, user_id) AS t GROUP BY product;

-- different rows
SELECT DISTINCT product, quantity FROM orders;

-- rollup
SELECT product, user_id, COUNT(*) AS n FROM orders GROUP BY ROLLUP (product, user_id);

-- grouping sets
SELECT product, quantity, SUM(price) AS price FROM orders GROUP BY GROUPING SETS ((product), (quantity), ());

-- inner join
SELECT o.id, u.name, o.amount FROM orders AS o JOIN users AS u ON o.user_id = u.id;

-- inner join with a condition
SELECT o.id, u.name FROM orders AS o JOIN users AS u ON o.user_id = u.id AND o.quantity > u.level;

-- left join
SELECT o.id, u.name FROM orders AS o LEFT JOIN users AS u ON o.user_id = u.id AND u.city = 'Bern';

-- right join
SELECT o.id, u.name FROM orders AS o RIGHT JOIN users AS u ON o.user_id = u.id;

-- full join
SELECT o.id, u.id AS user_id FROM orders AS o FULL JOIN users AS u ON o.user_id = u.id AND o.quantity > 5;

-- cross join
SELECT u.name, v.name AS other FROM users AS u CROSS JOIN users AS v WHERE u.level < v.level;

-- a join of groups
SELECT u.city, t.n, t.total FROM users AS u
JOIN (SELECT user_id, COUNT(*) AS n, SUM(price) AS total FROM orders GROUP BY user_id) AS t ON u.id = t.user_id;

-- groups of a join
SELECT u.city, COUNT(*) AS n, SUM(o.quantity) AS quantity FROM orders AS o LEFT JOIN users AS u ON o.user_id = u.id GROUP BY u.city;

-- a left join of groups
SELECT u.name, t.n FROM users AS u LEFT JOIN (SELECT user_id, COUNT(*) AS n FROM orders WHERE quantity > 4 GROUP BY user_id) AS t ON u.id = t.user_id;

-- in a query
SELECT id FROM orders WHERE user_id IN (SELECT id FROM users WHERE level > 2);

-- exists
SELECT name FROM users AS u WHERE EXISTS (SELECT 1 FROM orders AS o WHERE o.user_id = u.id AND o.quantity > 8);

-- not exists
SELECT name FROM users AS u WHERE NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.user_id = u.id AND o.quantity > 6);

-- a value of a query
SELECT id, amount FROM orders WHERE amount > (SELECT AVG(amount) FROM orders);

-- union all
SELECT id, quantity FROM orders WHERE quantity > 6 UNION ALL SELECT id, quantity FROM orders WHERE quantity > 8;

-- union
SELECT user_id FROM orders UNION SELECT id FROM users;

-- intersect
SELECT user_id FROM orders WHERE quantity > 5 INTERSECT SELECT id FROM users;

-- except
SELECT id FROM users EXCEPT SELECT user_id FROM orders WHERE quantity > 5;

-- the first of each group
SELECT product, id, amount FROM (
  SELECT product, id, amount, ROW_NUMBER() OVER (PARTITION BY product ORDER BY amount DESC, id ASC) AS place FROM orders
) AS t WHERE place <= 3;

-- the first of groups that change
SELECT product, user_id, total FROM (
  SELECT product, user_id, total, ROW_NUMBER() OVER (PARTITION BY product ORDER BY total DESC, user_id ASC) AS place
  FROM (SELECT product, user_id, SUM(price) AS total FROM orders WHERE user_id IS NOT NULL GROUP BY product, user_id) AS s
) AS t WHERE place = 1;

-- the last of each key
SELECT user_id, id, product FROM (
  SELECT user_id, id, product, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC) AS place FROM orders
) AS t WHERE place = 1;

-- the first of each key
SELECT user_id, id FROM (
  SELECT user_id, id, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts ASC) AS place FROM orders
) AS t WHERE place = 1;

-- the first of all
SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 5;

-- with a name
WITH dear AS (SELECT * FROM orders WHERE amount > 50) SELECT d.product, COUNT(*) AS n FROM dear AS d GROUP BY d.product;

-- tumbling windows
SELECT window_start, window_end, product, COUNT(*) AS n, SUM(quantity) AS quantity
FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS))
GROUP BY window_start, window_end, product;
-- DuckDB
SELECT start AS window_start, start + INTERVAL 10 SECONDS AS window_end, product, COUNT(*) AS n, SUM(quantity) AS quantity
FROM (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders) AS t GROUP BY start, product;

-- tumbling windows of GROUP BY
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS window_start, user_id, COUNT(*) AS n, MAX(amount) AS most, MIN(amount) AS least
FROM orders GROUP BY TUMBLE(ts, INTERVAL '10' SECOND), user_id;
-- DuckDB
SELECT start AS window_start, user_id, COUNT(*) AS n, MAX(amount) AS most, MIN(amount) AS least
FROM (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders) AS t GROUP BY start, user_id;

-- hopping windows
SELECT window_start, product, COUNT(*) AS n FROM TABLE(HOP(TABLE orders, DESCRIPTOR(ts), INTERVAL '5' SECONDS, INTERVAL '15' SECONDS))
GROUP BY window_start, window_end, product;
-- DuckDB
SELECT start AS window_start, product, COUNT(*) AS n FROM (
  SELECT *, time_bucket(INTERVAL 5 SECONDS, ts) - to_seconds(5 * UNNEST([0, 1, 2])) AS start FROM orders
) AS t GROUP BY start, product;

-- windows of all rows
SELECT window_start, COUNT(*) AS n, AVG(amount) AS mean FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '20' SECONDS))
GROUP BY window_start, window_end;
-- DuckDB
SELECT start AS window_start, COUNT(*) AS n, AVG(amount) AS mean
FROM (SELECT *, time_bucket(INTERVAL 20 SECONDS, ts) AS start FROM orders) AS t GROUP BY start;

-- the greatest of each window
SELECT window_start, id, amount FROM (
  SELECT window_start, window_end, id, amount, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY amount DESC, id ASC) AS place
  FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS))
) AS t WHERE place <= 2;
-- DuckDB
SELECT start AS window_start, id, amount FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY start ORDER BY amount DESC, id ASC) AS place
  FROM (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders) AS s
) AS t WHERE place <= 2;

-- what was paid within some seconds
SELECT o.id, p.kind FROM orders AS o JOIN payments AS p
ON o.id = p.order_id AND p.ts BETWEEN o.ts AND o.ts + INTERVAL '6' SECOND;

-- what was not paid within some seconds
SELECT o.id, p.kind FROM orders AS o LEFT JOIN payments AS p
ON o.id = p.order_id AND p.ts BETWEEN o.ts - INTERVAL '1' SECOND AND o.ts + INTERVAL '3' SECOND;

-- sums of the rows before
SELECT id, product, SUM(quantity) OVER (PARTITION BY product ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS recent FROM orders;

-- sums of the time before
SELECT id, COUNT(*) OVER (PARTITION BY user_id ORDER BY ts RANGE BETWEEN INTERVAL '10' SECOND PRECEDING AND CURRENT ROW) AS recent FROM orders;

-- not in a query, where one value is NULL
SELECT id FROM users WHERE id NOT IN (SELECT user_id FROM orders WHERE quantity > 6);

-- not in a query without NULLs
SELECT id FROM orders WHERE user_id NOT IN (SELECT id FROM users WHERE level > 2);

-- not in no rows
SELECT id FROM orders WHERE user_id NOT IN (SELECT id FROM users WHERE level > 100);

-- two columns in a query
SELECT id FROM orders WHERE (user_id, quantity) IN (SELECT id, level FROM users);

-- more than all
SELECT id FROM orders WHERE amount >= ALL (SELECT amount FROM orders WHERE quantity > 4);

-- exists, or else a condition
SELECT u.id FROM users AS u WHERE u.city = 'Rome' OR EXISTS (SELECT 1 FROM orders AS o WHERE o.user_id = u.id AND o.quantity > 7);

-- values of queries for each row
SELECT u.id,
  (SELECT COUNT(*) FROM orders AS o WHERE o.user_id = u.id AND o.quantity > 6) AS n,
  (SELECT MAX(amount) FROM orders AS o WHERE o.user_id = u.id AND o.quantity > 6) AS most,
  (SELECT COUNT(*) + 1 FROM orders AS o WHERE o.user_id = u.id AND o.quantity > 6) AS more
FROM users AS u;

-- rows above the mean of their group
SELECT id FROM orders AS o WHERE amount > (SELECT AVG(amount) FROM orders AS p WHERE p.product = o.product);

-- groups above a value of a query
SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id HAVING COUNT(*) > (SELECT COUNT(*) / 12 FROM orders);
-- DuckDB
SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id HAVING COUNT(*) > (SELECT COUNT(*) // 12 FROM orders);

-- the best of each row on the left
SELECT u.name, b.id FROM users AS u, LATERAL (SELECT id FROM orders AS o WHERE o.user_id = u.id ORDER BY amount DESC, id LIMIT 2) AS b;

-- a sum for each row on the left
SELECT u.name, s.total, s.n FROM users AS u, LATERAL (SELECT SUM(quantity) AS total, COUNT(*) AS n FROM orders AS o WHERE o.user_id = u.id AND o.product = 'tea') AS s;

-- a left join with a condition on the left
SELECT o.id, u.name FROM orders AS o LEFT JOIN users AS u ON o.user_id = u.id AND o.quantity > 5;

-- what is missing on the right
SELECT o.id FROM orders AS o LEFT JOIN users AS u ON o.user_id = u.id WHERE u.name IS NULL AND o.quantity > 3;

-- a full join, filtered
SELECT o.id, u.id AS user_id FROM orders AS o FULL JOIN users AS u ON o.user_id = u.id AND u.level > 2 WHERE o.id IS NULL OR o.quantity > 7;

-- three tables
SELECT o.id, u.name, p.kind FROM orders AS o, users AS u, payments AS p
WHERE o.user_id = u.id AND p.order_id = o.id AND (u.level > 2 OR p.kind = 'cash') AND o.quantity > 2;

-- a join of different types of numbers, and of computed values
SELECT o.id, u.id AS user_id FROM orders AS o JOIN users AS u ON o.id = u.id * 2 AND o.quantity + 1 > u.level;

-- equal or both NULL
SELECT o.id, p.id AS other FROM orders AS o JOIN orders AS p ON o.user_id IS NOT DISTINCT FROM p.user_id AND o.id < p.id AND o.quantity = 9;

-- all sets of keys
SELECT product, quantity, GROUPING(product) AS a, GROUPING_ID(product, quantity) AS b, COUNT(*) AS n
FROM orders GROUP BY CUBE (product, quantity) HAVING COUNT(*) > 2;
-- DuckDB
SELECT product, quantity, GROUPING(product) AS a, GROUPING_ID(product, quantity) AS b, COUNT(*) AS n
FROM orders GROUP BY CUBE (product, quantity) HAVING COUNT(*) > 2;

-- conditions on groups and on their keys
SELECT * FROM (SELECT product, quantity, COUNT(*) AS n FROM orders GROUP BY product, quantity) AS t WHERE product <> 'tea' AND quantity > 3 AND n > 1;

-- a WITH that is used twice
WITH t AS (SELECT user_id, COUNT(*) AS n FROM orders GROUP BY user_id) SELECT a.user_id, b.user_id AS other FROM t AS a JOIN t AS b ON a.n = b.n AND a.user_id < b.user_id;

-- some of the middle of each group
SELECT product, id, place FROM (
  SELECT product, id, ROW_NUMBER() OVER (PARTITION BY product ORDER BY amount, id) AS place FROM orders
) AS t WHERE place BETWEEN 2 AND 4;

-- the first by QUALIFY
SELECT product, id FROM orders QUALIFY ROW_NUMBER() OVER (PARTITION BY product ORDER BY amount DESC, id) <= 2;

-- some of the middle of all
SELECT id, amount FROM orders ORDER BY amount DESC, id LIMIT 4 OFFSET 3;

-- elements of arrays
SELECT id, x FROM orders CROSS JOIN UNNEST(ARRAY[quantity, quantity * 2]) AS t (x) WHERE x > 9;
-- DuckDB
SELECT id, x FROM (SELECT id, UNNEST([quantity, quantity * 2]) AS x FROM orders) AS t WHERE x > 9;

-- written rows
SELECT o.id, v.word FROM orders AS o JOIN (VALUES (1, 'one'), (2, 'two'), (9, 'nine')) AS v (n, word) ON o.quantity = v.n;

-- the greatest of the counts of each window
SELECT t.window_start, t.product, t.n FROM (
  SELECT window_start, window_end, product, COUNT(*) AS n
  FROM TABLE(HOP(TABLE orders, DESCRIPTOR(ts), INTERVAL '5' SECONDS, INTERVAL '15' SECONDS)) GROUP BY window_start, window_end, product
) AS t JOIN (
  SELECT window_start, window_end, MAX(n) AS most FROM (
    SELECT window_start, window_end, product, COUNT(*) AS n
    FROM TABLE(HOP(TABLE orders, DESCRIPTOR(ts), INTERVAL '5' SECONDS, INTERVAL '15' SECONDS)) GROUP BY window_start, window_end, product
  ) AS c GROUP BY window_start, window_end
) AS m ON t.window_start = m.window_start AND t.window_end = m.window_end AND t.n >= m.most;
-- DuckDB
WITH w AS (
  SELECT start AS window_start, product, COUNT(*) AS n FROM (
    SELECT *, time_bucket(INTERVAL 5 SECONDS, ts) - to_seconds(5 * UNNEST([0, 1, 2])) AS start FROM orders
  ) AS t GROUP BY start, product
) SELECT * FROM w WHERE n = (SELECT MAX(n) FROM w AS v WHERE v.window_start = w.window_start);

-- sets of keys in each window
SELECT window_start, product, SUM(quantity) AS quantity FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS))
GROUP BY window_start, window_end, ROLLUP (product);
-- DuckDB
SELECT start AS window_start, product, SUM(quantity) AS quantity
FROM (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders) AS t GROUP BY start, ROLLUP (product);

-- orders and payments of one window
SELECT o.window_start, o.id, p.kind FROM (
  SELECT * FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS))
) AS o FULL JOIN (
  SELECT * FROM TABLE(TUMBLE(TABLE payments, DESCRIPTOR(ts), INTERVAL '10' SECONDS))
) AS p ON o.id = p.order_id AND o.window_start = p.window_start AND o.window_end = p.window_end;
-- DuckDB
SELECT o.start AS window_start, o.id, p.kind FROM (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders) AS o
FULL JOIN (SELECT *, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM payments) AS p ON o.id = p.order_id AND o.start = p.start;

-- windows of windows
SELECT TUMBLE_START(t, INTERVAL '30' SECOND) AS begins, SUM(n) AS n, COUNT(*) AS parts FROM (
  SELECT TUMBLE_ROWTIME(ts, INTERVAL '10' SECOND) AS t, COUNT(*) AS n FROM orders GROUP BY TUMBLE(ts, INTERVAL '10' SECOND)
) GROUP BY TUMBLE(t, INTERVAL '30' SECOND);
-- DuckDB
SELECT time_bucket(INTERVAL 30 SECONDS, start) AS begins, SUM(n) AS n, COUNT(*) AS parts FROM (
  SELECT time_bucket(INTERVAL 10 SECONDS, ts) AS start, COUNT(*) AS n FROM orders GROUP BY time_bucket(INTERVAL 10 SECONDS, ts)
) AS t GROUP BY time_bucket(INTERVAL 30 SECONDS, start);

-- windows that grow
SELECT window_start, window_end, COUNT(*) AS n
FROM TABLE(CUMULATE(TABLE orders, DESCRIPTOR(ts), INTERVAL '5' SECONDS, INTERVAL '20' SECONDS)) WHERE quantity > 2 GROUP BY window_start, window_end;
-- DuckDB
SELECT start AS window_start, start + to_seconds(step) AS window_end, COUNT(*) AS n FROM (
  SELECT *, time_bucket(INTERVAL 20 SECONDS, ts) AS start, UNNEST([5, 10, 15, 20]) AS step FROM orders WHERE quantity > 2
) AS t WHERE ts < start + to_seconds(step) GROUP BY start, step;

-- sessions of each user
SELECT window_start, window_end, user_id, COUNT(*) AS n
FROM TABLE(SESSION(TABLE orders PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '4' SECONDS)) GROUP BY window_start, window_end, user_id;
-- DuckDB
SELECT MIN(ts) AS window_start, MAX(ts) + INTERVAL 4 SECONDS AS window_end, user_id, COUNT(*) AS n FROM (
  SELECT *, SUM(fresh) OVER (PARTITION BY user_id ORDER BY ts) AS session FROM (
    SELECT *, CASE WHEN ts - LAG(ts) OVER (PARTITION BY user_id ORDER BY ts) <= INTERVAL 4 SECONDS THEN 0 ELSE 1 END AS fresh FROM orders
  ) AS s
) AS t GROUP BY user_id, session;

-- the greatest of each window, with their rows
SELECT o.id, w.most, w.window_end FROM orders AS o JOIN (
  SELECT MAX(quantity) AS most, window_start, window_end FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '10' SECONDS))
  GROUP BY window_start, window_end
) AS w ON o.quantity = w.most AND o.ts >= w.window_end - INTERVAL '10' SECOND AND o.ts < w.window_end;
-- DuckDB
SELECT o.id, w.most, w.start + INTERVAL 10 SECONDS AS window_end FROM orders AS o JOIN (
  SELECT MAX(quantity) AS most, time_bucket(INTERVAL 10 SECONDS, ts) AS start FROM orders GROUP BY start
) AS w ON o.quantity = w.most AND time_bucket(INTERVAL 10 SECONDS, o.ts) = w.start;

-- orders that were paid within some seconds
SELECT o.id FROM orders AS o WHERE EXISTS (SELECT 1 FROM payments AS p WHERE p.order_id = o.id AND p.ts BETWEEN o.ts AND o.ts + INTERVAL '6' SECOND);

-- orders that were not paid within some seconds
SELECT o.id FROM orders AS o WHERE NOT EXISTS (SELECT 1 FROM payments AS p WHERE p.order_id = o.id AND p.ts >= o.ts AND p.ts < o.ts + INTERVAL '4' SECOND);

-- what was paid when it was ordered
SELECT o.id, p.order_id FROM orders AS o JOIN payments AS p ON o.ts = p.ts - INTERVAL '1' SECOND;

-- sessions that end together
SELECT a.user_id, b.user_id AS other FROM (
  SELECT user_id, window_start, window_end FROM TABLE(SESSION(TABLE orders PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '4' SECONDS)) GROUP BY user_id, window_start, window_end
) AS a JOIN (
  SELECT user_id, window_start, window_end FROM TABLE(SESSION(TABLE orders PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '4' SECONDS)) GROUP BY user_id, window_start, window_end
) AS b ON a.window_end = b.window_end AND a.user_id = b.user_id;
-- DuckDB
SELECT user_id, user_id AS other FROM (
  SELECT user_id, session FROM (
    SELECT *, SUM(fresh) OVER (PARTITION BY user_id ORDER BY ts) AS session FROM (
      SELECT *, CASE WHEN ts - LAG(ts) OVER (PARTITION BY user_id ORDER BY ts) < INTERVAL 4 SECONDS THEN 0 ELSE 1 END AS fresh FROM orders
    ) AS s
  ) AS t WHERE user_id IS NOT NULL GROUP BY user_id, session
) AS u;

-- JSON of all values
SELECT product, JSON_ARRAYAGG(quantity) AS quantities, JSON_OBJECTAGG(KEY product VALUE user_id) AS users FROM orders WHERE id IN (3, 7, 12) AND quantity < 9 GROUP BY product, id;
-- DuckDB
SELECT product, '[' || quantity || ']' AS quantities, '{"' || product || '":' || COALESCE(CAST(user_id AS VARCHAR), 'null') || '}' AS users FROM orders WHERE id IN (3, 7, 12) AND quantity < 9;

-- intersect all
SELECT user_id FROM orders WHERE quantity > 3 INTERSECT ALL SELECT user_id FROM orders WHERE quantity < 8 AND product <> 'tea';

-- except all
SELECT product, quantity FROM orders EXCEPT ALL SELECT product, quantity FROM orders WHERE amount > 30;

-- texts of other lengths are joined as they are
SELECT o.id, u.code FROM orders AS o JOIN (SELECT 'te' AS code, id FROM users UNION ALL SELECT 'tea', id FROM users WHERE level > 2) AS u ON u.code = o.product AND u.id = o.user_id;

-- a text that is the same in all rows is joined as any other
SELECT o.id, x.k FROM orders AS o LEFT JOIN (SELECT 'te' AS k, kind, order_id FROM payments) AS x ON x.order_id = o.id AND o.product = x.k;

-- sessions end where all rows say, also those that are left out behind them
SELECT window_start, window_end, user_id, COUNT(*) AS n
FROM TABLE(SESSION(TABLE orders PARTITION BY user_id, DESCRIPTOR(ts), INTERVAL '4' SECONDS)) WHERE quantity > 3 GROUP BY window_start, window_end, user_id;
-- DuckDB
SELECT window_start, window_end, user_id, COUNT(*) AS n FROM (
  SELECT *, MIN(ts) OVER (PARTITION BY user_id, island) AS window_start, MAX(ts) OVER (PARTITION BY user_id, island) + INTERVAL 4 SECOND AS window_end FROM (
    SELECT *, SUM(CASE WHEN before IS NULL OR ts > before + INTERVAL 4 SECOND THEN 1 ELSE 0 END) OVER (PARTITION BY user_id ORDER BY ts) AS island FROM (
      SELECT *, LAG(ts) OVER (PARTITION BY user_id ORDER BY ts) AS before FROM orders
    )
  )
) WHERE quantity > 3 GROUP BY window_start, window_end, user_id;

-- windows of windows, by names of their own
SELECT window_start, SUM(n) AS n, SUM(total) AS total FROM TABLE(TUMBLE(TABLE (
  SELECT window_end AS until, window_time AS moment, product, COUNT(*) AS n, SUM(price) AS total
  FROM TABLE(HOP(TABLE orders, DESCRIPTOR(ts), INTERVAL '2' SECONDS, INTERVAL '6' SECONDS)) GROUP BY product, window_start, window_end, window_time
), DESCRIPTOR(moment), INTERVAL '10' SECONDS)) GROUP BY window_start, window_end;
-- DuckDB
SELECT time_bucket(INTERVAL 10 SECONDS, start + INTERVAL 5999 MILLISECONDS) AS window_start, COUNT(*) AS n, SUM(price) AS total FROM (
  SELECT *, time_bucket(INTERVAL 2 SECONDS, ts) - INTERVAL (2 * k) SECONDS AS start FROM orders, range(3) AS r(k)) GROUP BY 1;
