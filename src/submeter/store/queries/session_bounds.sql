-- Which sessions can come first, and at most how much is each one's measure?
-- Repetitions are not told apart here, which is what takes the time: they can only add to a sum or a maximum of what
-- is not negative, so a session's measure is at most this one.
WITH
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
    count() AS calls,
    max(c.context_utilization) AS max_context_utilization,
    toUnixTimestamp64Nano(max(c.ts)) AS last_ns
SELECT
    c.session_id AS session_id,
$place AS place
FROM otel.llm_call_rows AS c
WHERE c.is_shadowed = 0
    AND $filters
GROUP BY session_id
ORDER BY session_id = '', place DESC, session_id
LIMIT {limit:UInt32}
