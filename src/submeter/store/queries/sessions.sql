-- Which sessions were there, what did each use, and how many warnings does it have?
-- Calls without a session are one row under the empty id, which comes last. `among` are the sessions that come into
-- question, `buckets` those of the sessions that do; none means all. They are chosen before repetitions are told apart,
-- which say the same session.
-- Warnings are counted in their table: planning a question takes as long as its views have columns.
SELECT s.*, ifNull(w.warnings, 0) AS warnings
FROM
(
    SELECT
        c.session_id AS session_id,
        argMinIf(c.user_id, c.ts, c.user_id != '') AS user_id,
        argMin(c.service, c.ts) AS service,
        toUnixTimestamp64Nano(min(c.ts)) AS first_ns,
        toUnixTimestamp64Nano(max(c.ts)) AS last_ns,
        count() AS calls,
        sum(c.input_tokens) AS input_tokens,
        sum(c.output_tokens) AS output_tokens,
        sum(c.cache_read_tokens) AS cache_read_tokens,
        sum(c.cache_write_tokens) AS cache_write_tokens,
        sum(c.reasoning_tokens) AS reasoning_tokens,
        toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
        $shortfall
        arraySort(groupUniqArray(if(c.response_model != '', c.response_model, c.request_model))) AS models,
        max(c.context_utilization) AS max_context_utilization,
$place AS place
    FROM otel.llm_call_rows AS c FINAL
    PREWHERE (empty({among:Array(String)}) OR c.session_id IN {among:Array(String)})
        AND (empty({buckets:Array(UInt16)}) OR c.session_id != '' AND
$bucket IN {buckets:Array(UInt16)})
    WHERE
    $filters
    AND
$hours
    GROUP BY session_id
    ORDER BY
        session_id = '',
        place DESC,
        session_id
    LIMIT {limit:UInt32} OFFSET {offset:UInt32}
) AS s
LEFT JOIN
(
    SELECT session_id, count() AS warnings
    FROM otel.llm_warning_rows FINAL
    GROUP BY session_id
) AS w ON s.session_id = w.session_id
ORDER BY
    session_id = '',
    place DESC,
    session_id
