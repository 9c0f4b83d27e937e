-- How many calls are there in each hour?
SELECT
    toUnixTimestamp64Nano(toDateTime64(toStartOfHour(c.ts), 9, 'UTC')) AS start_ns,
    count() AS calls
FROM otel.llm_calls AS c
WHERE
    $filters
GROUP BY start_ns
ORDER BY start_ns
