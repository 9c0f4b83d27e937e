-- What calls did a session make, in order of time?
-- For sessions with many: the engine sorts by what it needs for that, and then reads the rest of the calls that are shown.
SELECT
$call
FROM otel.llm_call_rows AS c FINAL
PREWHERE
$of_session
ORDER BY c.ts, c.trace_id, c.span_id
LIMIT {limit:UInt32}
