-- Statements that are accepted, one a paragraph. syntax/script.test.ts says what is done with them.

SELECT 1

select a, b from t

SELECT * FROM orders;

SELECT o.*, c.name FROM orders AS o JOIN customers AS c ON o.customer_id = c.id

SELECT ALL a FROM t

SELECT DISTINCT user_id, product FROM clicks

SELECT a AS x, b y FROM t

SELECT `timestamp`, `user`, `order` FROM `group`

SELECT t.`timestamp` FROM t

SELECT `a``b` FROM t

SELECT 1 + 2 * 3 - 4 / 5 % 6

SELECT -a, +b, - -c FROM t

SELECT (a + b) * (c - d) FROM t

SELECT 'it''s', U&'\00e9', X'4D7953514C', 1.5, .5, 2., 1E10, 1.5e-3

SELECT DATE '2026-01-31', TIME '12:30:00', TIMESTAMP '2026-01-31 12:30:00.123'

SELECT INTERVAL '5' SECOND, INTERVAL -'1' DAY, INTERVAL '1-2' YEAR TO MONTH, INTERVAL '10 00:00:00.004' DAY TO SECOND, INTERVAL '3' DAY(3)

SELECT TRUE, FALSE, NULL

SELECT a = 1, a <> 1, a != 1, a < 1, a <= 1, a > 1, a >= 1 FROM t

SELECT a AND b OR NOT c FROM t

SELECT NOT NOT a FROM t

SELECT a IS NULL, a IS NOT NULL, a IS TRUE, a IS NOT TRUE, a IS FALSE, a IS NOT FALSE, a IS UNKNOWN, a IS NOT UNKNOWN FROM t

SELECT a IS DISTINCT FROM b, a IS NOT DISTINCT FROM b FROM t

SELECT a BETWEEN 1 AND 2, a NOT BETWEEN 1 AND 2, a BETWEEN SYMMETRIC 2 AND 1, a BETWEEN ASYMMETRIC 1 AND 2 FROM t

SELECT a IN (1, 2, 3), a NOT IN ('x', 'y') FROM t

SELECT * FROM t WHERE a IN (SELECT b FROM s)

SELECT * FROM t WHERE (a, b) NOT IN (SELECT c, d FROM s)

SELECT * FROM t WHERE EXISTS (SELECT 1 FROM s WHERE s.a = t.a) AND NOT EXISTS (SELECT 1 FROM r)

SELECT * FROM t WHERE a > ALL (SELECT b FROM s) OR a = ANY (SELECT b FROM s) OR a < SOME (SELECT b FROM s)

SELECT a LIKE 'x%', a NOT LIKE '%y', a LIKE '!%z' ESCAPE '!', a SIMILAR TO '(x|y)*', a NOT SIMILAR TO 'z' FROM t

SELECT CASE WHEN a > 0 THEN 'plus' WHEN a < 0 THEN 'minus' ELSE 'zero' END FROM t

SELECT CASE a WHEN 1 THEN 'one' WHEN 2 THEN 'two' END FROM t

SELECT CAST(a AS INT), TRY_CAST(b AS DECIMAL(10, 2)), CAST(c AS VARCHAR(20)), CAST(d AS TIMESTAMP(3)) FROM t

SELECT CAST(a AS BOOLEAN), CAST(a AS TINYINT), CAST(a AS SMALLINT), CAST(a AS INTEGER), CAST(a AS BIGINT), CAST(a AS FLOAT), CAST(a AS DOUBLE), CAST(a AS DOUBLE PRECISION), CAST(a AS DEC(5)), CAST(a AS NUMERIC) FROM t

SELECT CAST(a AS CHAR(3)), CAST(a AS STRING), CAST(a AS BINARY(4)), CAST(a AS VARBINARY(4)), CAST(a AS BYTES), CAST(a AS DATE), CAST(a AS TIME), CAST(a AS TIME(3)) FROM t

SELECT CAST(a AS TIMESTAMP_LTZ(3)), CAST(a AS TIMESTAMP(3) WITH LOCAL TIME ZONE), CAST(a AS TIMESTAMP WITHOUT TIME ZONE), CAST(a AS INTERVAL DAY TO SECOND), CAST(a AS INTERVAL YEAR TO MONTH) FROM t

SELECT CAST(a AS ARRAY<INT>), CAST(b AS MAP<STRING, ARRAY<BIGINT NOT NULL>>), CAST(c AS ROW<x INT, y STRING>), CAST(d AS MULTISET<STRING>), CAST(e AS INT ARRAY) FROM t

SELECT UPPER(name), LOWER(name), CHAR_LENGTH(name), ABS(x), MOD(x, 3), POWER(x, 2), SQRT(x), LN(x), EXP(x) FROM t

SELECT SUBSTRING(name FROM 2), SUBSTRING(name FROM 2 FOR 3), SUBSTRING(name, 2), SUBSTRING(name, 2, 3) FROM t

SELECT TRIM(name), TRIM(BOTH 'x' FROM name), TRIM(LEADING 'x' FROM name), TRIM(TRAILING 'x' FROM name), TRIM('x' FROM name), TRIM(BOTH FROM name) FROM t

SELECT POSITION('a' IN name), OVERLAY(name PLACING 'xx' FROM 2), OVERLAY(name PLACING 'xx' FROM 2 FOR 1) FROM t

SELECT EXTRACT(YEAR FROM d), EXTRACT(DAY FROM d), EXTRACT(HOUR FROM ts), YEAR(d), MONTH(d), HOUR(ts), MINUTE(ts), SECOND(ts) FROM t

SELECT FLOOR(x), CEIL(x), CEILING(x), FLOOR(ts TO HOUR), CEIL(ts TO DAY) FROM t

SELECT TIMESTAMPADD(DAY, 1, ts), TIMESTAMPDIFF(MINUTE, a, b) FROM t

SELECT CURRENT_DATE, CURRENT_TIME, CURRENT_TIMESTAMP, LOCALTIME, LOCALTIMESTAMP, NOW(), PROCTIME() FROM t

SELECT COALESCE(a, b, 0), NULLIF(a, b), IF(a > 0, 'x', 'y'), GREATEST(a, b), LEAST(a, b) FROM t

SELECT DATE_FORMAT(ts, 'yyyy-MM-dd'), TO_TIMESTAMP('2026-01-31 00:00:00'), TO_TIMESTAMP_LTZ(ms, 3), FROM_UNIXTIME(s), UNIX_TIMESTAMP() FROM t

SELECT CONCAT(a, b), CONCAT_WS(',', a, b), a || b || 'c', REPLACE(a, 'x', 'y'), REGEXP_EXTRACT(a, '(.*)', 1), SPLIT_INDEX(a, ',', 0), LPAD(a, 5, '0'), MD5(a) FROM t

SELECT ARRAY[1, 2, 3], MAP['a', 1, 'b', 2], ROW(1, 'x'), (1, 'x'), ARRAY[ROW(1, 2), ROW(3, 4)]

SELECT list[1], map_column['key'], nested.inner_row.field, list[1].field, f(x).y FROM t

SELECT CARDINALITY(list), ELEMENT(list), list[CARDINALITY(list)] FROM t

SELECT mydb.myfunction(a), f(), g(a => 1, b => 'x') FROM t

SELECT JSON_VALUE(payload, '$.id'), JSON_VALUE(payload, '$.n' RETURNING INT DEFAULT 0 ON EMPTY ERROR ON ERROR) FROM t

SELECT JSON_QUERY(payload, '$.a'), JSON_QUERY(payload, '$.a' WITH CONDITIONAL ARRAY WRAPPER), JSON_QUERY(payload, '$.a' WITHOUT WRAPPER NULL ON EMPTY EMPTY ARRAY ON ERROR), JSON_EXISTS(payload, '$.a'), JSON_EXISTS(payload, '$.a' TRUE ON ERROR) FROM t

SELECT JSON_OBJECT('a' VALUE 1, KEY 'b' VALUE x), JSON_OBJECT(), JSON_OBJECT(KEY 'a' VALUE NULL ABSENT ON NULL), JSON_ARRAY(1, 'x'), JSON_ARRAY(), JSON_ARRAY(1, NULL NULL ON NULL) FROM t

SELECT JSON_OBJECTAGG(KEY k VALUE v), JSON_ARRAYAGG(v ABSENT ON NULL) FROM t

SELECT payload IS JSON, payload IS NOT JSON OBJECT, payload IS JSON ARRAY, payload IS JSON SCALAR FROM t

SELECT COUNT(*), COUNT(a), COUNT(DISTINCT a), SUM(a), AVG(a), MIN(a), MAX(a), STDDEV_POP(a), VAR_SAMP(a) FROM t

SELECT user_id, SUM(money), MAX(money), MIN(money), COUNT(1) FROM t_order GROUP BY user_id

SELECT a, COUNT(*) AS n FROM t GROUP BY a HAVING COUNT(*) > 1

SELECT COUNT(*) FILTER (WHERE a > 0), SUM(b) FILTER (WHERE c IS NOT NULL) AS s FROM t

SELECT LISTAGG(name), LISTAGG(DISTINCT name, ';'), FIRST_VALUE(a), LAST_VALUE(a), COLLECT(a) FROM t

SELECT a, b, SUM(c) FROM t GROUP BY GROUPING SETS ((a, b), (a), ())

SELECT a, b, SUM(c), GROUPING(a), GROUP_ID(), GROUPING_ID(a, b) FROM t GROUP BY CUBE (a, b)

SELECT a, b, SUM(c) FROM t GROUP BY ROLLUP (a, b)

SELECT a, b, SUM(d) FROM t GROUP BY a, GROUPING SETS ((b, c), (b), ())

SELECT TUMBLE_START(createTime, INTERVAL '5' SECOND), userId, COUNT(*), MAX(money), MIN(money) FROM t_order GROUP BY TUMBLE(createTime, INTERVAL '5' SECOND), userId

select userId, count(*) as totalCount, max(money) as maxMoney, min(money) as minMoney from t_order group by userId, tumble(createTime, interval '5' second)

SELECT HOP_START(ts, INTERVAL '5' SECOND, INTERVAL '10' SECOND), HOP_ROWTIME(ts, INTERVAL '5' SECOND, INTERVAL '10' SECOND), COUNT(*) FROM t GROUP BY HOP(ts, INTERVAL '5' SECOND, INTERVAL '10' SECOND)

SELECT SESSION_START(ts, INTERVAL '30' MINUTE), u FROM t GROUP BY SESSION(ts, INTERVAL '30' MINUTE), u

SELECT * FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES))

SELECT window_start, window_end, SUM(price) FROM TABLE(TUMBLE(DATA => TABLE bid, TIMECOL => DESCRIPTOR(bidtime), SIZE => INTERVAL '10' MINUTES)) GROUP BY window_start, window_end

SELECT window_start, window_end, supplier_id, SUM(price) FROM TABLE(HOP(TABLE bid, DESCRIPTOR(bidtime), INTERVAL '5' MINUTES, INTERVAL '10' MINUTES)) GROUP BY window_start, window_end, supplier_id

SELECT window_start, window_end, SUM(price) FROM TABLE(CUMULATE(TABLE bid, DESCRIPTOR(bidtime), INTERVAL '2' MINUTES, INTERVAL '10' MINUTES)) GROUP BY window_start, window_end

SELECT window_start, window_end, item, SUM(price) FROM TABLE(SESSION(TABLE bid PARTITION BY item, DESCRIPTOR(bidtime), INTERVAL '5' MINUTES)) GROUP BY item, window_start, window_end

SELECT * FROM TUMBLE(TABLE bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES)

SELECT * FROM TABLE(SESSION(TABLE bid PARTITION BY (item, supplier_id), DESCRIPTOR(bidtime), INTERVAL '5' MINUTES))

SELECT window_start, GROUPING_ID(supplier_id) FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(bidtime), INTERVAL '10' MINUTES)) GROUP BY window_start, window_end, ROLLUP (supplier_id)

SELECT L.num, R.num FROM (SELECT * FROM TABLE(TUMBLE(TABLE lt, DESCRIPTOR(row_time), INTERVAL '5' MINUTES))) L FULL JOIN (SELECT * FROM TABLE(TUMBLE(TABLE rt, DESCRIPTOR(row_time), INTERVAL '5' MINUTES))) R ON L.num = R.num AND L.window_start = R.window_start AND L.window_end = R.window_end

SELECT * FROM a, b WHERE a.id = b.id

SELECT * FROM a, b, c

SELECT * FROM a INNER JOIN b ON a.id = b.id

SELECT * FROM a LEFT JOIN b ON a.id = b.id

SELECT * FROM a LEFT OUTER JOIN b ON a.id = b.id RIGHT OUTER JOIN c ON b.id = c.id FULL OUTER JOIN d ON c.id = d.id

SELECT * FROM a CROSS JOIN b

SELECT * FROM a NATURAL JOIN b

SELECT * FROM a JOIN b USING (id, region)

SELECT * FROM a JOIN (b JOIN c ON b.x = c.x) ON a.y = b.y

SELECT * FROM orders o, shipments s WHERE o.id = s.order_id AND o.order_time BETWEEN s.ship_time - INTERVAL '4' HOUR AND s.ship_time

SELECT o.price * r.rate FROM orders AS o LEFT JOIN rates FOR SYSTEM_TIME AS OF o.order_time AS r ON o.currency = r.currency

SELECT o.id, c.zip FROM orders AS o JOIN customers FOR SYSTEM_TIME AS OF o.proc_time AS c ON o.customer_id = c.id

SELECT order_id, tag FROM orders CROSS JOIN UNNEST(tags) AS t (tag)

SELECT order_id, k, v FROM orders CROSS JOIN UNNEST(attributes) AS t (k, v)

SELECT order_id, tag, n FROM orders CROSS JOIN UNNEST(tags) WITH ORDINALITY AS t (tag, n)

SELECT order_id, res FROM orders, LATERAL TABLE(my_split(line)) AS t(res)

SELECT order_id, res FROM orders LEFT OUTER JOIN LATERAL TABLE(my_split(line)) t(res) ON TRUE

SELECT state, name FROM (SELECT DISTINCT state FROM cities) states, LATERAL (SELECT name, pop FROM cities WHERE state = states.state ORDER BY pop DESC LIMIT 3)

SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t (id, name)

VALUES (1, 'a'), (2, 'b')

VALUES 1, 2, 3

TABLE orders

SELECT a FROM t UNION SELECT b FROM s

SELECT a FROM t UNION ALL SELECT b FROM s UNION ALL SELECT c FROM r

SELECT a FROM t INTERSECT SELECT b FROM s

SELECT a FROM t INTERSECT ALL SELECT b FROM s

SELECT a FROM t EXCEPT SELECT b FROM s

SELECT a FROM t MINUS SELECT b FROM s

(SELECT a FROM t) UNION (SELECT b FROM s)

(SELECT a FROM t UNION SELECT b FROM s) EXCEPT SELECT c FROM r

SELECT a FROM t EXCEPT (SELECT b FROM s UNION ALL SELECT c FROM r)

(SELECT a FROM t ORDER BY a LIMIT 1) UNION ALL (SELECT b FROM s LIMIT 2)

SELECT ((SELECT 1) + 1)

SELECT (SELECT MAX(a) FROM t), ((SELECT MIN(a) FROM t))

SELECT * FROM ((SELECT a FROM t) UNION ALL (SELECT b FROM s)) AS u

SELECT a FROM t ORDER BY a

SELECT a, b FROM t ORDER BY a ASC, b DESC

SELECT a FROM t ORDER BY a DESC NULLS LAST, b ASC NULLS FIRST

SELECT a FROM t ORDER BY a LIMIT 10

SELECT a FROM t LIMIT 10 OFFSET 5

SELECT a FROM t LIMIT ALL

SELECT a FROM t OFFSET 5 ROWS FETCH NEXT 10 ROWS ONLY

SELECT a FROM t FETCH FIRST 3 ROWS ONLY

WITH o AS (SELECT * FROM orders), c (id, name) AS (SELECT a, b FROM customers) SELECT * FROM o JOIN c ON o.cid = c.id

WITH a AS (WITH b AS (SELECT 1) SELECT * FROM b) SELECT * FROM a

SELECT order_id, SUM(amount) OVER (PARTITION BY product ORDER BY order_time RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) AS s FROM orders

SELECT SUM(a) OVER (ORDER BY proctime ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), COUNT(*) OVER (PARTITION BY b ORDER BY ts ROWS 5 PRECEDING) FROM t

SELECT SUM(amount) OVER w AS s, AVG(amount) OVER w AS a FROM orders WINDOW w AS (PARTITION BY product ORDER BY order_time RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW)

SELECT LAG(a, 1) OVER (PARTITION BY b ORDER BY ts), LEAD(a) OVER (ORDER BY ts), RANK() OVER (ORDER BY a DESC), DENSE_RANK() OVER (PARTITION BY b ORDER BY a) FROM t

SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY category ORDER BY sales DESC) AS row_num FROM shop_sales) WHERE row_num <= 5

SELECT a, b FROM (SELECT a, b, ROW_NUMBER() OVER (PARTITION BY a ORDER BY proctime ASC) AS rn FROM t) WHERE rn = 1

SELECT /*+ STATE_TTL('o' = '3d', 'c' = '12h') */ * FROM orders o LEFT JOIN customers c ON o.c_id = c.id

SELECT /*+ BROADCAST(t1) */ * FROM t1 JOIN t2 ON t1.id = t2.id

SELECT * FROM kafka_table /*+ OPTIONS('scan.startup.mode'='earliest-offset') */

SELECT /*+ LOOKUP('table'='customers', 'async'='true') */ o.id FROM orders AS o JOIN customers FOR SYSTEM_TIME AS OF o.proc_time AS c ON o.customer_id = c.id

CREATE TABLE t (a INT)

CREATE TABLE orders (
  order_id BIGINT,
  price DECIMAL(32, 2) COMMENT 'in euro',
  quantity DOUBLE NOT NULL,
  order_time TIMESTAMP(3),
  cost AS price * quantity,
  proc AS PROCTIME(),
  WATERMARK FOR order_time AS order_time - INTERVAL '5' SECOND,
  PRIMARY KEY (order_id) NOT ENFORCED
) COMMENT 'orders' WITH (
  'connector' = 'kafka',
  'topic' = 'orders',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json'
)

CREATE TABLE k (`timestamp` TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, `partition` INT METADATA VIRTUAL, offset_in BIGINT METADATA FROM 'offset', v STRING) WITH ('connector' = 'kafka')

CREATE TEMPORARY TABLE IF NOT EXISTS c.d.t (id STRING, tags ARRAY<STRING>, attributes MAP<STRING, STRING>, address ROW<street STRING, zip INT NOT NULL> NOT NULL) WITH ('connector' = 'datagen')

CREATE TABLE t (id INT, CONSTRAINT pk PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'print')

CREATE TABLE t (id INT PRIMARY KEY NOT ENFORCED, name STRING) WITH ('connector' = 'print')

CREATE TABLE t (id INT, dt STRING) PARTITIONED BY (dt) WITH ('connector' = 'filesystem', 'path' = '/data', 'format' = 'csv')

CREATE TABLE copy WITH ('connector' = 'print') LIKE orders

CREATE TABLE copy (WATERMARK FOR order_time AS order_time - INTERVAL '5' SECOND) WITH ('scan.startup.mode' = 'latest-offset') LIKE orders (EXCLUDING ALL INCLUDING GENERATED OVERWRITING OPTIONS)

CREATE TABLE results WITH ('connector' = 'print') AS SELECT id, name FROM source WHERE id > 0

CREATE TABLE t (f0 CHAR(10), f1 CHARACTER VARYING(20), f2 TIME(0), f3 BYTES, f4 INTERVAL DAY TO SECOND, f5 ROW(a INT, b ROW(c STRING)))

CREATE VIEW v AS SELECT * FROM t

CREATE TEMPORARY VIEW IF NOT EXISTS v (a COMMENT 'first', b) COMMENT 'a view' AS SELECT x, y FROM t

CREATE FUNCTION mask AS './functions.ts#mask' LANGUAGE TYPESCRIPT

CREATE TEMPORARY SYSTEM FUNCTION IF NOT EXISTS f AS 'com.example.F' LANGUAGE JAVA

CREATE TEMPORARY FUNCTION f AS 'com.example.F' USING JAR '/a.jar'

DROP TABLE t

DROP TEMPORARY TABLE IF EXISTS c.d.t

DROP VIEW IF EXISTS v

DROP FUNCTION f

DROP TEMPORARY SYSTEM FUNCTION IF EXISTS f

ALTER TABLE t RENAME TO s

ALTER TABLE t RENAME a TO b

ALTER TABLE t SET ('k' = 'v', 'l' = 'w')

ALTER TABLE t RESET ('k', 'l')

ALTER TABLE t ADD a INT

ALTER TABLE t ADD (a INT COMMENT 'x' FIRST, b AS a + 1 AFTER a, PRIMARY KEY (a) NOT ENFORCED, WATERMARK FOR ts AS ts)

ALTER TABLE t MODIFY (a BIGINT, b STRING AFTER a)

ALTER TABLE t DROP a

ALTER TABLE t DROP (a, b)

ALTER TABLE t DROP PRIMARY KEY

ALTER TABLE t DROP CONSTRAINT pk

ALTER TABLE t DROP WATERMARK

ALTER VIEW v RENAME TO w

ALTER VIEW v AS SELECT 1

ALTER TEMPORARY FUNCTION IF EXISTS f AS 'com.example.G' LANGUAGE JAVA

SHOW TABLES

SHOW TABLES FROM db LIKE 't%'

SHOW TABLES NOT LIKE 't%'

SHOW VIEWS

SHOW FUNCTIONS

SHOW USER FUNCTIONS

SHOW COLUMNS FROM orders

SHOW COLUMNS IN orders LIKE '%id'

SHOW CREATE TABLE orders

SHOW CREATE VIEW v

SHOW CATALOGS

SHOW DATABASES

SHOW CURRENT CATALOG

SHOW CURRENT DATABASE

USE CATALOG c

USE d

DESCRIBE orders

DESC orders

EXPLAIN SELECT * FROM t

EXPLAIN PLAN FOR SELECT * FROM t

EXPLAIN ESTIMATED_COST, CHANGELOG_MODE, JSON_EXECUTION_PLAN SELECT * FROM t

EXPLAIN INSERT INTO s SELECT * FROM t

EXPLAIN STATEMENT SET BEGIN INSERT INTO a SELECT * FROM t; INSERT INTO b SELECT * FROM t; END

INSERT INTO s SELECT * FROM t

INSERT INTO s (a, b) SELECT x, y FROM t

INSERT INTO s VALUES (1, 'a'), (2, 'b')

INSERT OVERWRITE s SELECT * FROM t

INSERT INTO s (SELECT * FROM t)

INSERT INTO s /*+ OPTIONS('sink.parallelism' = '2') */ SELECT * FROM t

INSERT INTO s WITH x AS (SELECT 1) SELECT * FROM x

EXECUTE INSERT INTO s SELECT * FROM t

EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN x THEN 1 ELSE 2 END FROM t; INSERT INTO b SELECT * FROM t; END

BEGIN STATEMENT SET; INSERT INTO a SELECT * FROM t; INSERT INTO b SELECT * FROM t; END

SET 'execution.checkpointing.interval' = '5s'

SET

RESET 'execution.checkpointing.interval'

RESET

SELECT -- a comment
  a /* another one */ FROM t -- and a last one

SELECT 名字 FROM 订单

SELECT auction, price * 0.908 AS price, bidder, date_time, extra FROM bid

SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0

SELECT P.name, P.city, P.state, A.id FROM auction AS A INNER JOIN person AS P ON A.seller = P.id WHERE A.category = 10 AND (P.state = 'OR' OR P.state = 'ID' OR P.state = 'CA')

SELECT Q.category, AVG(Q.final) FROM (SELECT MAX(B.price) AS final, A.category FROM auction A, bid B WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires GROUP BY A.id, A.category) Q GROUP BY Q.category

SELECT AuctionBids.auction, AuctionBids.num FROM (SELECT auction, count(*) AS num, window_start AS starttime, window_end AS endtime FROM TABLE(HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end) AS AuctionBids JOIN (SELECT max(CountBids.num) AS maxn, CountBids.starttime, CountBids.endtime FROM (SELECT count(*) AS num, window_start AS starttime, window_end AS endtime FROM TABLE(HOP(TABLE bid, DESCRIPTOR(date_time), INTERVAL '2' SECOND, INTERVAL '10' SECOND)) GROUP BY auction, window_start, window_end) AS CountBids GROUP BY CountBids.starttime, CountBids.endtime) AS MaxBids ON AuctionBids.starttime = MaxBids.starttime AND AuctionBids.endtime = MaxBids.endtime AND AuctionBids.num >= MaxBids.maxn

SELECT B.auction, B.price, B.bidder, B.date_time, B.extra FROM bid B JOIN (SELECT MAX(price) AS maxprice, window_end AS date_time FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(date_time), INTERVAL '10' SECOND)) GROUP BY window_start, window_end) B1 ON B.price = B1.maxprice WHERE B.date_time BETWEEN B1.date_time - INTERVAL '10' SECOND AND B1.date_time

SELECT id, itemName, auction, bidder, price FROM (SELECT A.*, B.auction, B.bidder, B.price, ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.date_time ASC) AS rownum FROM auction A, bid B WHERE A.id = B.auction AND B.date_time BETWEEN A.date_time AND A.expires) WHERE rownum <= 1

INSERT INTO nexmark_q11 SELECT B.bidder, count(*) AS bid_count, SESSION_START(B.date_time, INTERVAL '10' SECOND) AS starttime, SESSION_END(B.date_time, INTERVAL '10' SECOND) AS endtime FROM bid B GROUP BY B.bidder, SESSION(B.date_time, INTERVAL '10' SECOND)

INSERT INTO nexmark_q12 SELECT B.bidder, count(*) AS bid_count, TUMBLE_START(B.p_time, INTERVAL '10' SECOND) AS starttime FROM (SELECT *, PROCTIME() AS p_time FROM bid) B GROUP BY B.bidder, TUMBLE(B.p_time, INTERVAL '10' SECOND)

SELECT auction, bidder, price, CASE WHEN HOUR(date_time) >= 8 AND HOUR(date_time) <= 18 THEN 'dayTime' WHEN HOUR(date_time) <= 6 OR HOUR(date_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END AS bidTimeType, count_char(extra, 'c') AS c_counts FROM bid WHERE 0.908 * price > 1000000

SELECT DATE_FORMAT(date_time, 'yyyy-MM-dd') AS `day`, count(*) AS total_bids, count(*) FILTER (WHERE price < 10000) AS rank1_bids, count(DISTINCT bidder) AS total_bidders FROM bid GROUP BY DATE_FORMAT(date_time, 'yyyy-MM-dd')

SELECT auction, bidder, price, channel, CASE WHEN lower(channel) = 'apple' THEN '0' ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id FROM bid WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR lower(channel) IN ('apple', 'google', 'facebook', 'baidu')
