-- The spans of one client's insert, times in nanoseconds.
SELECT * REPLACE (
    toUnixTimestamp64Nano(Timestamp) AS Timestamp,
    arrayMap(t -> toUnixTimestamp64Nano(t), `Events.Timestamp`) AS `Events.Timestamp`)
FROM posted
