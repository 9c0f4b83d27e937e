-- About how many calls are there in each hour since a time? Repetitions are counted, too.
SELECT
    toUnixTimestamp64Nano(toDateTime64(toStartOfHour(ts), 9, 'UTC')) AS start_ns,
    count() AS calls
FROM otel.llm_call_rows
WHERE ts >= fromUnixTimestamp64Nano({since_ns:Int64})
GROUP BY start_ns
ORDER BY start_ns
