-- The metric points of one client's insert, times in nanoseconds.
SELECT * REPLACE (
    toUnixTimestamp64Nano(StartTimeUnix) AS StartTimeUnix,
    toUnixTimestamp64Nano(TimeUnix) AS TimeUnix,
    arrayMap(t -> toUnixTimestamp64Nano(t), `Exemplars.TimeUnix`) AS `Exemplars.TimeUnix`)
FROM posted
