CREATE TABLE orders (
  order_id BIGINT,
  user_id INT,
  price DECIMAL(10, 2),
  quantity INT NOT NULL,
  note STRING,
  tags ARRAY<STRING>,
  attributes MAP<STRING, INT>,
  address ROW<street STRING, zip INT NOT NULL>,
  created TIMESTAMP(3),
  updated TIMESTAMP(3),
  millis BIGINT,
  cost AS price * quantity,
  proc AS PROCTIME(),
  WATERMARK FOR created AS created - INTERVAL '5' SECOND,
  PRIMARY KEY (order_id) NOT ENFORCED
);
CREATE TABLE users (user_id INT, name STRING, country CHAR(2), born DATE, active BOOLEAN, PRIMARY KEY (user_id) NOT ENFORCED);
CREATE TABLE rates (currency STRING, rate DOUBLE, valid TIMESTAMP(3), WATERMARK FOR valid AS valid, PRIMARY KEY (currency) NOT ENFORCED);
CREATE TABLE sink (id BIGINT, total DECIMAL(10, 2), label STRING NOT NULL, at_time TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL);
CREATE VIEW recent AS SELECT order_id, price AS amount FROM orders;
CREATE FUNCTION mask AS './functions.ts#mask' LANGUAGE TYPESCRIPT;
