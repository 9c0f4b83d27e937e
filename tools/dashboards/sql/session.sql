-- [facts]
SELECT
    min(ts) AS started,
    max(ts) AS last_call,
    argMinIf(user_id, ts, user_id != '') AS user,
    argMin(service, ts) AS app,
    uniqExact(trace_id) AS turns,
    count() AS calls,
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cost_usd) AS cost,
    max(context_utilization) AS context,
    countIf(@is_error) AS errors
FROM otel.llm_calls
WHERE session_id = ${session:singlequote}
HAVING count() > 0

-- [context_per_call]
SELECT ts AS time, @model AS model, max(context_utilization) AS context
FROM otel.llm_calls
WHERE session_id = ${session:singlequote} AND context_utilization IS NOT NULL
GROUP BY time, model
ORDER BY time, model

-- [tokens_per_call]
SELECT
    concat(toString(row_number() OVER (ORDER BY ts, span_id)), '. ', @model) AS call,
    ifNull(input_tokens, 0) - least(ifNull(cache_read_tokens, 0), ifNull(input_tokens, 0)) AS "new input",
    ifNull(cache_read_tokens, 0) AS "cached input",
    ifNull(output_tokens, 0) AS output
FROM otel.llm_calls
WHERE session_id = ${session:singlequote}
ORDER BY ts, span_id
LIMIT 200

-- [cumulative_cost]
SELECT ts AS time, sum(sum(cost_usd)) OVER (ORDER BY ts) AS cost
FROM otel.llm_calls
WHERE session_id = ${session:singlequote}
GROUP BY ts
ORDER BY time

-- [calls]
SELECT
    ts AS time,
    if(operation = '', kind, operation) AS operation_name,
    step,
    @model AS model,
    input_tokens AS input,
    cache_read_tokens AS cached,
    output_tokens AS output,
    cost_usd AS cost,
    context_utilization AS context,
    duration_s AS duration,
    ttft_s AS first_chunk,
    if(error_type = '', arrayStringConcat(finish_reasons, ', '), error_type) AS outcome,
    trace_id AS trace,
    span_id AS span
FROM otel.llm_calls
WHERE session_id = ${session:singlequote}
ORDER BY ts, span_id
LIMIT 1000

-- [turns]
SELECT
    trace_id AS trace,
    min(ts) AS started,
    max(toUnixTimestamp64Nano(ts) / 1e9 + duration_s) - min(toUnixTimestamp64Nano(ts) / 1e9) AS duration,
    count() AS calls,
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cost_usd) AS cost,
    max(context_utilization) AS context,
    countIf(@is_error) AS errors
FROM otel.llm_calls
WHERE session_id = ${session:singlequote}
GROUP BY trace
ORDER BY started, trace
LIMIT 500

-- [trace]
SELECT
    TraceId AS traceID,
    SpanId AS spanID,
    ParentSpanId AS parentSpanID,
    ServiceName AS serviceName,
    SpanName AS operationName,
    toUnixTimestamp64Nano(Timestamp) * 0.000001 AS startTime,
    Duration * 0.000001 AS duration,
    arrayMap(key -> map('key', key, 'value', SpanAttributes[key]), arraySort(mapKeys(SpanAttributes))) AS tags,
    arrayMap(key -> map('key', key, 'value', ResourceAttributes[key]), arraySort(mapKeys(ResourceAttributes))) AS serviceTags,
    if(StatusCode = 'Error', 2, 0) AS statusCode
FROM otel.otel_traces
WHERE TraceId = if(${trace:singlequote} != '', ${trace:singlequote},
    (SELECT argMax(trace_id, ts) FROM otel.llm_calls WHERE session_id = ${session:singlequote} AND ${session:singlequote} != ''))
ORDER BY startTime, spanID
LIMIT 1 BY spanID
LIMIT 5000

-- [warnings]
SELECT ts AS time, severity, type, percentage / 100 AS percent, message, action, trace_id AS trace
FROM otel.llm_warnings
WHERE session_id = ${session:singlequote} AND ${session:singlequote} != ''
ORDER BY ts, warning_id
LIMIT 200
