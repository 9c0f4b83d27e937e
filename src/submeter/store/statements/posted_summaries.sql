-- The summary points of one client's insert, times in nanoseconds.
SELECT * REPLACE (
    toUnixTimestamp64Nano(StartTimeUnix) AS StartTimeUnix,
    toUnixTimestamp64Nano(TimeUnix) AS TimeUnix)
FROM posted
