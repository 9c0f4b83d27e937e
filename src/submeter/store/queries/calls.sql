-- What calls were made, the latest first?
SELECT
$call
FROM otel.llm_calls AS c
WHERE
    $filters
ORDER BY c.ts DESC, c.trace_id, c.span_id
LIMIT {limit:UInt32}
