CREATE TABLE readings (
  sensor STRING,
  timestamp STRING
) WITH ('connector' = 'print');
