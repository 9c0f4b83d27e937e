-- How much was used in all?
SELECT
    count() AS calls,
    uniqExactIf(cityHash64(c.session_id), c.session_id != '') AS sessions,
    uniqExactIf(cityHash64(c.user_id), c.user_id != '') AS users,
    uniqExact(if(c.response_model != '', c.response_model, c.request_model)) AS models,
    toUnixTimestamp64Nano(min(c.ts)) AS first_ns,
    toUnixTimestamp64Nano(max(c.ts)) AS last_ns,
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    sum(c.cache_read_tokens) AS cache_read_tokens,
    sum(c.cache_write_tokens) AS cache_write_tokens,
    sum(c.reasoning_tokens) AS reasoning_tokens,
    toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
    $shortfall
    countIf(c.estimated != '') AS estimated_calls,
    countIf(c.partial) AS partial_calls,
    countIf(c.inconsistent) AS inconsistent_calls,
    quantilesExactInclusive(0.5, 0.95, 0.99)(c.duration_s) AS durations_s,
    quantilesExactInclusive(0.5, 0.95, 0.99)(c.ttft_s) AS ttfts_s,
    max(c.context_utilization) AS max_context_utilization
FROM otel.llm_calls AS c
WHERE
    $filters
