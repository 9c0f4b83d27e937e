-- Every call with all that is known of it, the earliest first. In CSV no text can begin like a spreadsheet's formula.
WITH text -> if({is_csv:Bool} AND match(text, '^[=+@\\t\\r-]'), concat('\'', text), text) AS safe
SELECT
    concat(replaceOne(toString(c.ts), ' ', 'T'), 'Z') AS ts,
    c.trace_id AS trace_id,
    c.span_id AS span_id,
    c.parent_span_id AS parent_span_id,
    safe(c.service) AS service,
    safe(c.provider) AS provider,
    safe(c.kind) AS kind,
    safe(c.request_model) AS request_model,
    safe(c.response_model) AS response_model,
    safe(c.response_id) AS response_id,
    safe(c.session_id) AS session_id,
    safe(c.user_id) AS user_id,
    safe(c.operation) AS operation,
    safe(c.step) AS step,
    safe(c.agent) AS agent,
    safe(c.framework) AS framework,
    toJSONString(c.tags) AS tags,
    c.input_tokens AS input_tokens,
    c.output_tokens AS output_tokens,
    c.cache_read_tokens AS cache_read_tokens,
    c.cache_write_tokens AS cache_write_tokens,
    c.reasoning_tokens AS reasoning_tokens,
    c.audio_input_tokens AS audio_input_tokens,
    c.audio_output_tokens AS audio_output_tokens,
    c.estimated AS estimated,
    c.partial AS partial,
    c.cost_usd AS cost_usd,
    c.price_version AS price_version,
    safe(c.service_tier) AS service_tier,
    c.batch AS batch,
    c.context_window AS context_window,
    c.context_utilization AS context_utilization,
    c.ttft_s AS ttft_s,
    c.duration_s AS duration_s,
    safe(c.error_type) AS error_type,
    toJSONString(c.finish_reasons) AS finish_reasons,
    c.stream AS stream
FROM otel.llm_calls AS c
WHERE
    $filters
ORDER BY c.ts, c.trace_id, c.span_id
