-- Queries of bench/nexmark-sql in the words of DuckDB, where they are others.

-- q4
SELECT category, CAST(SUM(final) // COUNT(*) AS BIGINT) AS price
FROM (
  SELECT MAX(b.price) AS final, a.category
  FROM auction AS a JOIN bid AS b ON a.id = b.auction AND b.dateTime BETWEEN a.dateTime AND a.expires
  GROUP BY a.id, a.category
)
GROUP BY category;

-- q5
WITH counts AS (
  SELECT auction, COUNT(*) AS num, make_timestamp(((epoch_ms(dateTime) // 2000) - hop) * 2000000) AS starttime
  FROM bid, (SELECT unnest(range(5)) AS hop)
  GROUP BY auction, starttime
)
SELECT auction, num, starttime FROM counts
QUALIFY num = MAX(num) OVER (PARTITION BY starttime);

-- q7
WITH highest AS (
  SELECT MAX(price) AS most, make_timestamp((epoch_ms(dateTime) // 10000 + 1) * 10000000) AS endtime FROM bid GROUP BY endtime
)
SELECT b.auction, b.price, b.bidder, b.dateTime, b.extra
FROM bid AS b JOIN highest ON b.price = highest.most
WHERE b.dateTime BETWEEN highest.endtime - INTERVAL '10' SECOND AND highest.endtime;

-- q8
WITH p AS (
  SELECT DISTINCT id, name, make_timestamp((epoch_ms(dateTime) // 10000) * 10000000) AS starttime FROM person
), a AS (
  SELECT DISTINCT seller, make_timestamp((epoch_ms(dateTime) // 10000) * 10000000) AS starttime FROM auction
)
SELECT p.id, p.name, p.starttime FROM p JOIN a ON p.id = a.seller AND p.starttime = a.starttime;

-- q10
SELECT auction, bidder, price, dateTime, extra, strftime(dateTime, '%Y-%m-%d') AS day, strftime(dateTime, '%H:%M') AS minute FROM bid;

-- q11
WITH begun AS (
  SELECT bidder, dateTime,
    CASE WHEN dateTime - LAG(dateTime) OVER (PARTITION BY bidder ORDER BY dateTime) < INTERVAL '10' SECOND THEN 0 ELSE 1 END AS begins
  FROM bid
), numbered AS (
  SELECT bidder, dateTime, SUM(begins) OVER (PARTITION BY bidder ORDER BY dateTime ROWS UNBOUNDED PRECEDING) AS session FROM begun
)
SELECT bidder, COUNT(*) AS bids, MIN(dateTime) AS starttime, MAX(dateTime) + INTERVAL '10' SECOND AS endtime FROM numbered GROUP BY bidder, session;

-- q12
SELECT bidder, COUNT(*) AS bids FROM bid GROUP BY bidder;

-- q13
SELECT B.auction, B.bidder, B.price, B.dateTime, S.value FROM bid AS B JOIN side_input AS S ON B.auction % 10000 = S.key;

-- q14
SELECT auction, bidder, 0.908 * price AS price,
  CASE
    WHEN HOUR(dateTime) >= 8 AND HOUR(dateTime) <= 18 THEN 'dayTime'
    WHEN HOUR(dateTime) <= 6 OR HOUR(dateTime) >= 20 THEN 'nightTime'
    ELSE 'otherTime'
  END AS times,
  dateTime, extra, LENGTH(extra) - LENGTH(REPLACE(extra, 'c', '')) AS letters
FROM bid
WHERE 0.908 * price > 100000 AND 0.908 * price < 500000;

-- q17
SELECT auction, strftime(dateTime, '%Y-%m-%d') AS day,
  COUNT(*) AS bids,
  COUNT(*) FILTER (WHERE price < 10000) AS bids1,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS bids2,
  COUNT(*) FILTER (WHERE price >= 1000000) AS bids3,
  MIN(price) AS least, MAX(price) AS most, CAST(SUM(price) // COUNT(*) AS BIGINT) AS mean, SUM(price) AS total
FROM bid
GROUP BY auction, day;

-- q21
SELECT auction, bidder, price, channel,
  CASE LOWER(channel)
    WHEN 'apple' THEN '0' WHEN 'google' THEN '1' WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3'
    ELSE regexp_extract(url, '(&|^)channel_id=([^&]*)', 2)
  END AS channelId
FROM bid
WHERE regexp_matches(url, '(&|^)channel_id=([^&]*)') OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu');

-- q22
SELECT auction, bidder, price, channel, split_part(url, '/', 4) AS dir1, split_part(url, '/', 5) AS dir2, split_part(url, '/', 6) AS dir3 FROM bid;

-- q15
SELECT strftime(dateTime, '%Y-%m-%d') AS "day",
  COUNT(*) AS bids,
  COUNT(*) FILTER (WHERE price < 10000) AS bids1,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS bids2,
  COUNT(*) FILTER (WHERE price >= 1000000) AS bids3,
  COUNT(DISTINCT bidder) AS bidders,
  COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS bidders1,
  COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS bidders2,
  COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS bidders3,
  COUNT(DISTINCT auction) AS auctions,
  COUNT(DISTINCT auction) FILTER (WHERE price < 10000) AS auctions1,
  COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS auctions2,
  COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000) AS auctions3
FROM bid
GROUP BY strftime(dateTime, '%Y-%m-%d');

-- q16
SELECT channel, strftime(dateTime, '%Y-%m-%d') AS "day",
  MAX(strftime(dateTime, '%H:%M')) AS "minute",
  COUNT(*) AS bids,
  COUNT(*) FILTER (WHERE price < 10000) AS bids1,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS bids2,
  COUNT(*) FILTER (WHERE price >= 1000000) AS bids3,
  COUNT(DISTINCT bidder) AS bidders,
  COUNT(DISTINCT bidder) FILTER (WHERE price < 10000) AS bidders1,
  COUNT(DISTINCT bidder) FILTER (WHERE price >= 10000 AND price < 1000000) AS bidders2,
  COUNT(DISTINCT bidder) FILTER (WHERE price >= 1000000) AS bidders3,
  COUNT(DISTINCT auction) AS auctions,
  COUNT(DISTINCT auction) FILTER (WHERE price < 10000) AS auctions1,
  COUNT(DISTINCT auction) FILTER (WHERE price >= 10000 AND price < 1000000) AS auctions2,
  COUNT(DISTINCT auction) FILTER (WHERE price >= 1000000) AS auctions3
FROM bid
GROUP BY channel, strftime(dateTime, '%Y-%m-%d');

-- course
SELECT bidder, COUNT(*) AS orders, MAX(price) AS most, MIN(price) AS least, make_timestamp((epoch_ms(dateTime) // 5000) * 5000000) AS starttime
FROM bid GROUP BY bidder, starttime;
