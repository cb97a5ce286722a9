-- Nexmark's queries in SQL that StreamJob and Flink both take as it is; each names the columns of its result that follow from the events alone.
-- `× column`: which rows come depends on the wall clock, and each stands for as many as that column says.
-- Where events are equal in what a query orders by, any of them may be chosen: the other columns are then not compared.
-- `dateTime` is in quotes because Flink reserves the word.
-- q9 orders by the price alone: with the time behind it, Flink 2.3 takes what the rank emits for inserts only, and never takes back the bids that were highest before.
-- q13 looks up in side_input (side-input.ts), and course is the window of the course's exercise, with bids as the orders. Not here: q6 (no engine's SQL has it).

-- q0: auction, bidder, price, dateTime, extra
SELECT auction, bidder, price, `dateTime`, extra FROM bid;

-- q1: auction, bidder, price, dateTime, extra
SELECT auction, bidder, 0.908 * price AS price, `dateTime`, extra FROM bid;

-- q2: auction, price
SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0;

-- q3: name, city, state, id
SELECT p.name, p.city, p.state, a.id
FROM auction AS a JOIN person AS p ON a.seller = p.id
WHERE a.category = 10 AND (p.state = 'OR' OR p.state = 'ID' OR p.state = 'CA');

-- q4: category, price
SELECT category, AVG(final) AS price
FROM (
  SELECT MAX(b.price) AS final, a.category
  FROM auction AS a, bid AS b
  WHERE a.id = b.auction AND b.`dateTime` BETWEEN a.`dateTime` AND a.expires
  GROUP BY a.id, a.category
) AS finals
GROUP BY category;

-- q5: auction, num, starttime
SELECT counts.auction, counts.num, counts.starttime
FROM (
  SELECT auction, COUNT(*) AS num, window_start AS starttime, window_end AS endtime
  FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
  GROUP BY auction, window_start, window_end
) AS counts
JOIN (
  SELECT MAX(num) AS most, starttime, endtime
  FROM (
    SELECT COUNT(*) AS num, window_start AS starttime, window_end AS endtime
    FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
    GROUP BY auction, window_start, window_end
  ) AS windows
  GROUP BY starttime, endtime
) AS greatest
ON counts.starttime = greatest.starttime AND counts.endtime = greatest.endtime AND counts.num >= greatest.most;

-- q7: auction, price, bidder, dateTime, extra
SELECT b.auction, b.price, b.bidder, b.`dateTime`, b.extra
FROM bid AS b
JOIN (
  SELECT MAX(price) AS most, window_end AS endtime
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY window_start, window_end
) AS highest
ON b.price = highest.most
WHERE b.`dateTime` BETWEEN highest.endtime - INTERVAL '10' SECOND AND highest.endtime;

-- q8: id, name, starttime
SELECT p.id, p.name, p.starttime
FROM (
  SELECT id, name, window_start AS starttime, window_end AS endtime
  FROM TABLE(TUMBLE(TABLE person, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY id, name, window_start, window_end
) AS p
JOIN (
  SELECT seller, window_start AS starttime, window_end AS endtime
  FROM TABLE(TUMBLE(TABLE auction, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY seller, window_start, window_end
) AS a
ON p.id = a.seller AND p.starttime = a.starttime AND p.endtime = a.endtime;

-- q9: id, itemName, seller, category, price
SELECT id, itemName, description, initialBid, reserve, `dateTime`, expires, seller, category, extra, auction, bidder, price, bidTime, bidExtra
FROM (
  SELECT a.*, b.auction, b.bidder, b.price, b.`dateTime` AS bidTime, b.extra AS bidExtra,
    ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY b.price DESC) AS place
  FROM auction AS a, bid AS b
  WHERE a.id = b.auction AND b.`dateTime` BETWEEN a.`dateTime` AND a.expires
) AS bids
WHERE place <= 1;

-- q10: auction, bidder, price, dateTime, extra, day, minute
SELECT auction, bidder, price, `dateTime`, extra, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`, DATE_FORMAT(`dateTime`, 'HH:mm') AS `minute` FROM bid;

-- q11: bidder, bids, starttime, endtime
SELECT bidder, COUNT(*) AS bids, window_start AS starttime, window_end AS endtime
FROM TABLE(SESSION(TABLE bid PARTITION BY bidder, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
GROUP BY bidder, window_start, window_end;

-- q12: bidder × bids
SELECT bidder, COUNT(*) AS bids, TUMBLE_START(p_time, INTERVAL '10' SECOND) AS starttime, TUMBLE_END(p_time, INTERVAL '10' SECOND) AS endtime
FROM (SELECT *, PROCTIME() AS p_time FROM bid) AS bids
GROUP BY bidder, TUMBLE(p_time, INTERVAL '10' SECOND);

-- q13: auction, bidder, price, dateTime, value
SELECT B.auction, B.bidder, B.price, B.`dateTime`, S.`value`
FROM (SELECT *, PROCTIME() AS p_time FROM bid) AS B
JOIN side_input FOR SYSTEM_TIME AS OF B.p_time AS S ON MOD(B.auction, 10000) = S.key;

-- q14: auction, bidder, price, times, dateTime, extra, letters
SELECT auction, bidder, 0.908 * price AS price,
  CASE
    WHEN HOUR(`dateTime`) >= 8 AND HOUR(`dateTime`) <= 18 THEN 'dayTime'
    WHEN HOUR(`dateTime`) <= 6 OR HOUR(`dateTime`) >= 20 THEN 'nightTime'
    ELSE 'otherTime'
  END AS times,
  `dateTime`, extra, CHAR_LENGTH(extra) - CHAR_LENGTH(REPLACE(extra, 'c', '')) AS letters
FROM bid
WHERE 0.908 * price > 100000 AND 0.908 * price < 500000;

-- q15: day, bids, bids1, bids2, bids3, bidders, bidders1, bidders2, bidders3, auctions, auctions1, auctions2, auctions3
SELECT DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`,
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
GROUP BY DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');

-- q16: channel, day, minute, bids, bids1, bids2, bids3, bidders, bidders1, bidders2, bidders3, auctions, auctions1, auctions2, auctions3
SELECT channel, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`,
  MAX(DATE_FORMAT(`dateTime`, 'HH:mm')) AS `minute`,
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
GROUP BY channel, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');

-- q17: auction, day, bids, bids1, bids2, bids3, least, most, mean, total
SELECT auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd') AS `day`,
  COUNT(*) AS bids,
  COUNT(*) FILTER (WHERE price < 10000) AS bids1,
  COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS bids2,
  COUNT(*) FILTER (WHERE price >= 1000000) AS bids3,
  MIN(price) AS least, MAX(price) AS most, AVG(price) AS mean, SUM(price) AS total
FROM bid
GROUP BY auction, DATE_FORMAT(`dateTime`, 'yyyy-MM-dd');

-- q18: auction, bidder, dateTime
SELECT auction, bidder, price, channel, url, `dateTime`, extra
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY `dateTime` DESC) AS place FROM bid) AS bids
WHERE place <= 1;

-- q19: auction, price, place
SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS place FROM bid) AS bids WHERE place <= 10;

-- q20: auction, bidder, price, url, bidTime, bidExtra, itemName, description, reserve, dateTime, expires, seller, category
SELECT auction, bidder, price, channel, url, b.`dateTime` AS bidTime, b.extra AS bidExtra,
  itemName, description, initialBid, reserve, a.`dateTime`, expires, seller, category, a.extra
FROM bid AS b JOIN auction AS a ON b.auction = a.id
WHERE a.category = 10;

-- q21: auction, bidder, price, channel, channelId
SELECT auction, bidder, price, channel,
  CASE
    WHEN LOWER(channel) = 'apple' THEN '0'
    WHEN LOWER(channel) = 'google' THEN '1'
    WHEN LOWER(channel) = 'facebook' THEN '2'
    WHEN LOWER(channel) = 'baidu' THEN '3'
    ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2)
  END AS channelId
FROM bid
WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR LOWER(channel) IN ('apple', 'google', 'facebook', 'baidu');

-- q22: auction, bidder, price, channel, dir1, dir2, dir3
SELECT auction, bidder, price, channel,
  SPLIT_INDEX(url, '/', 3) AS dir1, SPLIT_INDEX(url, '/', 4) AS dir2, SPLIT_INDEX(url, '/', 5) AS dir3
FROM bid;

-- course: bidder, orders, most, least, starttime
SELECT bidder, COUNT(*) AS orders, MAX(price) AS most, MIN(price) AS least, TUMBLE_START(`dateTime`, INTERVAL '5' SECOND) AS starttime
FROM bid
GROUP BY bidder, TUMBLE(`dateTime`, INTERVAL '5' SECOND);
