-- lookup
SELECT o.id, u.name FROM orders AS o JOIN outside FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_id = u.id;
-- DuckDB
SELECT o.id, u.name FROM orders AS o JOIN users AS u ON o.user_id = u.id;

-- lookup that keeps all rows, with conditions
SELECT o.id, u.name, u.twice, u.lives FROM orders AS o
LEFT JOIN outside FOR SYSTEM_TIME AS OF PROCTIME() AS u ON u.id = o.user_id AND u.level > 2 AND o.quantity < 8 AND u.twice <> o.quantity;
-- DuckDB
SELECT o.id, u.name, u.level * 2 AS twice, CASE WHEN u.id IS NOT NULL THEN COALESCE(u.city, 'nowhere') END AS lives FROM orders AS o
LEFT JOIN users AS u ON u.id = o.user_id AND u.level > 2 AND o.quantity < 8 AND u.level * 2 <> o.quantity;

-- lookup of several rows by a key that is computed, and a constant
SELECT o.id, u.id AS user_id, u.lives FROM orders AS o JOIN outside FOR SYSTEM_TIME AS OF PROCTIME() AS u ON u.level = MOD(o.quantity, 6) AND u.city = 'Bern' WHERE o.product <> 'tea';
-- DuckDB
SELECT o.id, u.id AS user_id, u.city AS lives FROM orders AS o JOIN users AS u ON u.level = o.quantity % 6 AND u.city = 'Bern' WHERE o.product <> 'tea';

-- lookup ahead of windows and groups
SELECT window_start, lives, SUM(quantity) AS q FROM TABLE(TUMBLE(TABLE (
  SELECT o.ts, o.quantity, u.lives FROM orders AS o LEFT JOIN outside FOR SYSTEM_TIME AS OF PROCTIME() AS u ON o.user_id = u.id), DESCRIPTOR(ts), INTERVAL '10' SECONDS))
GROUP BY window_start, window_end, lives;
-- DuckDB
SELECT time_bucket(INTERVAL 10 SECONDS, o.ts) AS window_start, CASE WHEN u.id IS NOT NULL THEN COALESCE(u.city, 'nowhere') END AS lives, SUM(o.quantity) AS q
FROM orders AS o LEFT JOIN users AS u ON o.user_id = u.id GROUP BY ALL;
