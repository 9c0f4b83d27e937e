-- With which warnings does a next part begin, if parts have so many rows? Repetitions count, so that no part has more.
SELECT ns, first, second
FROM
(
    SELECT
        toUnixTimestamp64Nano(c.ts) AS ns,
        c.warning_id AS first,
        '' AS second,
        row_number() OVER (ORDER BY c.ts, c.warning_id) AS place
    FROM otel.llm_warning_rows AS c
    WHERE c.ts >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND c.ts < fromUnixTimestamp64Nano({end_ns:Int64})
        AND (toUnixTimestamp64Nano(c.ts), c.warning_id, '')
            >= ({from_ns:Int64}, {from_first:String}, {from_second:String})
)
WHERE place > 1 AND (place - 1) % {rows:UInt32} = 0
ORDER BY place
