-- What did each operation take of each model, and which parts of it could be saved?
-- The sums above a size are one for each of `sizes`, of the calls with more input tokens than that.
SELECT
    c.provider AS provider,
    if(c.response_model != '', c.response_model, c.request_model) AS model,
    c.operation AS operation,
    any(c.kind) AS kind,
    count() AS calls,
    countIf(c.cost_usd IS NOT NULL) AS priced_calls,
    countIf(c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL) AS counted_calls,
    toUInt64(ifNull(sum(c.input_tokens), 0)) AS input_tokens,
    toUInt64(ifNull(sum(c.output_tokens), 0)) AS output_tokens,
    toUInt64(ifNull(sum(c.cache_read_tokens), 0)) AS cache_read_tokens,
    toUInt64(ifNull(sum(c.cache_write_tokens), 0)) AS cache_write_tokens,
    toUInt64(ifNull(max(c.input_tokens), 0)) AS most_input_tokens,
    toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
    countIf(c.error_type != '') AS failed_calls,
    countIf(c.error_type != '' AND c.cost_usd > 0) AS failed_priced_calls,
    toFloat64(sumIf(toDecimal128(c.cost_usd, 18), c.error_type != '')) AS failed_cost_usd,
    countIf(hasAny(c.finish_reasons, ['length', 'max_tokens'])) AS cut_calls,
    toFloat64(sumIf(toDecimal128(c.cost_usd, 18), hasAny(c.finish_reasons, ['length', 'max_tokens']))) AS cut_cost_usd,
    countIf(c.context_utilization >= 0.7) AS full_calls,
    toFloat64(sumIf(greatest(toFloat64(c.input_tokens) - c.context_window / 2, 0), c.context_utilization >= 0.7)) AS full_tokens,
    sumForEach(arrayMap(size -> toUInt64(c.input_tokens > size), {sizes:Array(UInt64)})) AS calls_above,
    sumForEach(arrayMap(size -> if(c.input_tokens > size, assumeNotNull(c.input_tokens), 0), {sizes:Array(UInt64)})) AS input_above,
    sumForEach(arrayMap(size -> if(c.input_tokens > size, ifNull(c.cache_read_tokens, 0), 0), {sizes:Array(UInt64)})) AS cached_above,
    sumForEach(arrayMap(size -> if(c.input_tokens > size, ifNull(c.output_tokens, 0), 0), {sizes:Array(UInt64)})) AS output_above,
    countIf(c.prompt_hash != 0) AS hashed_calls,
    countIf(c.session_id != '') AS session_calls
FROM otel.llm_calls AS c
WHERE
    $filters
GROUP BY provider, model, operation
ORDER BY cost_usd DESC
LIMIT 1000
