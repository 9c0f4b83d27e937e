-- With which sessions does a next part begin, if parts have so many rows and go by the sessions' ids?
SELECT 0 AS ns, session_id AS first, '' AS second
FROM
(
    SELECT session_id, row_number() OVER (ORDER BY session_id) AS place
    FROM
    (
        SELECT DISTINCT c.session_id AS session_id
        FROM otel.llm_call_rows AS c
        WHERE
        $filters
            AND (0, c.session_id, '') >= ({from_ns:Int64}, {from_first:String}, {from_second:String})
    )
)
WHERE place > 1 AND (place - 1) % {rows:UInt32} = 0
ORDER BY place
