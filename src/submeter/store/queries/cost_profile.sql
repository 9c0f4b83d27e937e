-- What did each operation take of each model, and which parts of it could be saved?
-- The sums above a size are one for each of `sizes`, of the calls with more input tokens than that: the calls are
-- summed between two sizes first, so that no call is compared with every size.
SELECT
    provider,
    if(response_model != '', response_model, request_model) AS model,
    operation,
    any(p.kind) AS kind,
    sum(p.calls) AS calls,
    sum(p.priced_calls) AS priced_calls,
    sum(p.counted_calls) AS counted_calls,
    sum(p.input_tokens) AS input_tokens,
    sum(p.output_tokens) AS output_tokens,
    sum(p.cache_read_tokens) AS cache_read_tokens,
    sum(p.cache_write_tokens) AS cache_write_tokens,
    max(p.most_input_tokens) AS most_input_tokens,
    toFloat64(sum(p.cost)) AS cost_usd,
    sum(p.failed_calls) AS failed_calls,
    sum(p.failed_priced_calls) AS failed_priced_calls,
    toFloat64(sum(p.failed_cost)) AS failed_cost_usd,
    sum(p.cut_calls) AS cut_calls,
    toFloat64(sum(p.cut_cost)) AS cut_cost_usd,
    sum(p.full_calls) AS full_calls,
    sum(p.full_tokens) AS full_tokens,
    sumForEach(arrayMap(size -> if(above >= size, p.calls, 0), {sizes:Array(UInt64)})) AS calls_above,
    sumForEach(arrayMap(size -> if(above >= size, p.input_tokens, 0), {sizes:Array(UInt64)})) AS input_above,
    sumForEach(arrayMap(size -> if(above >= size, p.cache_read_tokens, 0), {sizes:Array(UInt64)})) AS cached_above,
    sumForEach(arrayMap(size -> if(above >= size, p.output_tokens, 0), {sizes:Array(UInt64)})) AS output_above,
    sum(p.hashed_calls) AS hashed_calls
FROM
(
    SELECT
        c.provider AS provider,
        c.response_model AS response_model,
        c.request_model AS request_model,
        c.operation AS operation,
        roundDown(toUInt64(greatest(ifNull(c.input_tokens, 0), 1) - 1), arrayConcat([0::UInt64], {sizes:Array(UInt64)})) AS above,
        any(c.kind) AS kind,
        count() AS calls,
        countIf(c.cost_usd IS NOT NULL) AS priced_calls,
        countIf(c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL) AS counted_calls,
        sum(ifNull(c.input_tokens, 0)) AS input_tokens,
        sum(ifNull(c.output_tokens, 0)) AS output_tokens,
        sum(ifNull(c.cache_read_tokens, 0)) AS cache_read_tokens,
        sum(ifNull(c.cache_write_tokens, 0)) AS cache_write_tokens,
        max(ifNull(c.input_tokens, 0)) AS most_input_tokens,
        sum(toDecimal128(c.cost_usd, 18)) AS cost,
        countIf(c.error_type != '') AS failed_calls,
        countIf(c.error_type != '' AND c.cost_usd > 0) AS failed_priced_calls,
        sumIf(toDecimal128(c.cost_usd, 18), c.error_type != '') AS failed_cost,
        countIf(hasAny(c.finish_reasons, ['length', 'max_tokens'])) AS cut_calls,
        sumIf(toDecimal128(c.cost_usd, 18), hasAny(c.finish_reasons, ['length', 'max_tokens'])) AS cut_cost,
        countIf(c.context_utilization >= 0.7) AS full_calls,
        sumIf(greatest(toFloat64(c.input_tokens) - c.context_window / 2, 0), c.context_utilization >= 0.7) AS full_tokens,
        countIf(c.prompt_hash != 0) AS hashed_calls
    FROM otel.llm_calls AS c
    WHERE
    $filters
    GROUP BY provider, response_model, request_model, operation, above
) AS p
GROUP BY provider, model, operation
ORDER BY cost_usd DESC
LIMIT 1000
