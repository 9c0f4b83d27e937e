-- [models]
SELECT
    provider,
    @model AS model,
    count() AS calls,
    countIf(@is_error) / count() AS error_rate,
    quantile(0.5)(duration_s) AS p50,
    quantile(0.95)(duration_s) AS p95,
    quantile(0.95)(ttft_s) AS first_chunk_p95,
    sumIf(output_tokens, NOT @is_error) / nullIf(sumIf(duration_s, NOT @is_error AND output_tokens > 0), 0) AS speed,
    avg(input_tokens) AS mean_input,
    avg(output_tokens) AS mean_output,
    sum(cost_usd) AS cost,
    sum(cost_usd) / nullIf(sumIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0), cost_usd IS NOT NULL), 0) * 1e6 AS per_million
FROM otel.llm_calls
WHERE @calls
GROUP BY provider, model
ORDER BY calls DESC, provider, model
LIMIT 100

-- [latency]
SELECT $__timeInterval(ts) AS time, @model AS model, quantile(0.95)(duration_s) AS p95
FROM otel.llm_calls
WHERE @calls
GROUP BY time, model
ORDER BY time, model

-- [first_chunk]
SELECT $__timeInterval(ts) AS time, @model AS model, quantile(0.95)(ttft_s) AS p95
FROM otel.llm_calls
WHERE @calls AND ttft_s IS NOT NULL
GROUP BY time, model
ORDER BY time, model

-- [speed]
SELECT
    $__timeInterval(ts) AS time,
    @model AS model,
    sum(output_tokens) / nullIf(sum(duration_s), 0) AS speed
FROM otel.llm_calls
WHERE @calls AND NOT @is_error AND output_tokens > 0
GROUP BY time, model
ORDER BY time, model

-- [latency_map] Calls by duration, in buckets that double.
SELECT
    $__timeInterval(ts) AS time,
    printf('%06.2f s', exp2(least(7, greatest(-2, floor(log2(greatest(duration_s, 0.001))))))) AS bucket,
    count() AS calls
FROM otel.llm_calls
WHERE @calls
GROUP BY time, bucket
ORDER BY time, bucket

-- [errors]
SELECT $__timeInterval(ts) AS time, error_type, count() AS errors
FROM otel.llm_calls
WHERE @calls AND @is_error
GROUP BY time, error_type
ORDER BY time, error_type

-- [finish_reasons]
SELECT
    multiIf(error_type != '', 'error', empty(finish_reasons), '(none)', arrayStringConcat(arraySort(finish_reasons), ', ')) AS reason,
    count() AS calls
FROM otel.llm_calls
WHERE @calls
GROUP BY reason
ORDER BY calls DESC, reason
LIMIT 10

-- [slowest]
SELECT
    ts AS time, @model AS model, service, duration_s AS duration, ttft_s AS first_chunk, output_tokens AS output,
    error_type AS error, session_id AS session, trace_id AS trace, span_id AS span
FROM otel.llm_calls
WHERE @calls
ORDER BY duration_s DESC, ts, span_id
LIMIT 20

-- [tools]
SELECT
    SpanAttributes['gen_ai.tool.name'] AS tool,
    ServiceName AS app,
    count() AS calls,
    countIf(StatusCode = 'Error') / count() AS error_rate,
    quantile(0.5)(Duration) / 1e9 AS p50,
    quantile(0.95)(Duration) / 1e9 AS p95
FROM otel.otel_traces
WHERE $__timeFilter(Timestamp) AND SpanAttributes['gen_ai.operation.name'] = 'execute_tool'
    AND $__conditionalAll(ServiceName IN (${service:singlequote}), $service)
GROUP BY tool, app
ORDER BY calls DESC, tool, app
LIMIT 50
