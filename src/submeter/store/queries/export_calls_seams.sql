-- With which calls does a next part begin, if parts have so many rows? Repetitions count, so that no part has more.
SELECT ns, first, second
FROM
(
    SELECT
        toUnixTimestamp64Nano(c.ts) AS ns,
        c.trace_id AS first,
        c.span_id AS second,
        row_number() OVER (ORDER BY c.ts, c.trace_id, c.span_id) AS place
    FROM otel.llm_call_rows AS c
    WHERE
    $filters
        AND (toUnixTimestamp64Nano(c.ts), c.trace_id, c.span_id)
            >= ({from_ns:Int64}, {from_first:String}, {from_second:String})
)
WHERE place > 1 AND (place - 1) % {rows:UInt32} = 0
ORDER BY place
