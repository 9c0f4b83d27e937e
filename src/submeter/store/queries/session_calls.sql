-- What calls did a session make, in order of time?
SELECT
    toUnixTimestamp64Nano(c.ts) AS start_ns,
    c.trace_id AS trace_id,
    c.span_id AS span_id,
    c.parent_span_id AS parent_span_id,
    c.session_id AS session_id,
    c.user_id AS user_id,
    c.service AS service,
    c.provider AS provider,
    c.kind AS kind,
    c.request_model AS request_model,
    c.response_model AS response_model,
    c.operation AS operation,
    c.step AS step,
    c.agent AS agent,
    c.framework AS framework,
    c.tags AS tags,
    c.input_tokens AS input_tokens,
    c.output_tokens AS output_tokens,
    c.cache_read_tokens AS cache_read_tokens,
    c.cache_write_tokens AS cache_write_tokens,
    c.reasoning_tokens AS reasoning_tokens,
    c.estimated AS estimated,
    c.inconsistent AS inconsistent,
    c.partial AS partial,
    c.cost_usd AS cost_usd,
    c.price_version AS price_version,
    c.service_tier AS service_tier,
    c.context_window AS context_window,
    c.context_utilization AS context_utilization,
    c.ttft_s AS ttft_s,
    c.duration_s AS duration_s,
    c.error_type AS error_type,
    c.finish_reasons AS finish_reasons,
    c.stream AS stream
FROM otel.llm_call_rows AS c FINAL
WHERE
$of_session
ORDER BY c.ts, c.trace_id, c.span_id
LIMIT {limit:UInt32}
