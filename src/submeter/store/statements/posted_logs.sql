-- The log records of one client's insert, times in nanoseconds.
SELECT * REPLACE (toUnixTimestamp64Nano(Timestamp) AS Timestamp)
FROM posted
