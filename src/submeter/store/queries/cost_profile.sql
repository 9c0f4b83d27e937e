-- What did each operation take of each model, and which parts of it could be saved?
-- Calls that are alike in everything that is asked for below are summed first, so that no call is put to several
-- conditions or compared with every size. Names are told by a hash of 64 bits, which is twice as fast.
-- The sums above a size are one for each of `sizes`, of the calls whose requests had more input than that.
SELECT
    p.provider AS provider,
    if(p.response_model != '', p.response_model, p.request_model) AS model,
    $priced_as AS priced_as,
    p.operation AS operation,
    any(p.kind) AS kind,
    sum(p.calls) AS calls,
    sumIf(p.calls, p.price > 0) AS priced_calls,
    sumIf(p.calls, p.is_counted) AS counted_calls,
    sum(p.calls_without_usage) AS calls_without_usage,
    sum(p.input_tokens) AS input_tokens,
    sum(p.output_tokens) AS output_tokens,
    sum(p.cache_read_tokens) AS cache_read_tokens,
    sum(p.cache_write_tokens) AS cache_write_tokens,
    max(p.most_input_tokens) AS most_input_tokens,
    toFloat64(sum(p.cost)) AS cost_usd,
    sumIf(p.calls, p.is_failed) AS failed_calls,
    sumIf(p.calls, p.is_failed AND p.price > 1) AS failed_priced_calls,
    toFloat64(sumIf(p.cost, p.is_failed)) AS failed_cost_usd,
    sumIf(p.calls, p.is_cut) AS cut_calls,
    toFloat64(sumIf(p.cost, p.is_cut)) AS cut_cost_usd,
    sumIf(p.calls, p.is_full) AS full_calls,
    sum(p.full_tokens) AS full_tokens,
    sumForEach(arrayMap(size -> if(p.above >= size, p.calls, 0), {sizes:Array(UInt64)})) AS calls_above,
    sumForEach(arrayMap(size -> if(p.above >= size, p.input_tokens, 0), {sizes:Array(UInt64)})) AS input_above,
    sumForEach(arrayMap(size -> if(p.above >= size, p.cache_read_tokens, 0), {sizes:Array(UInt64)})) AS cached_above,
    sumForEach(arrayMap(size -> if(p.above >= size, p.output_tokens, 0), {sizes:Array(UInt64)})) AS output_above,
    sumIf(p.calls, p.is_hashed) AS hashed_calls
FROM
(
    SELECT
        cityHash64(c.provider) + 3 * cityHash64(c.operation) + 7 * cityHash64(c.request_model)
            + 11 * cityHash64(c.response_model) AS group,
        roundDown(
            toUInt64(greatest($request_tokens, 1) - 1), arrayConcat([0::UInt64], {sizes:Array(UInt64)})) AS above,
        (c.cost_usd IS NOT NULL) + ifNull(c.cost_usd > 0, 0) AS price,
        c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL AS is_counted,
        c.error_type != '' AS is_failed,
        hasAny(c.finish_reasons, ['length', 'max_tokens']) AS is_cut,
        ifNull(c.context_utilization >= 0.7, 0) AS is_full,
        c.prompt_hash != 0 AS is_hashed,
        any(c.provider) AS provider,
        any(c.response_model) AS response_model,
        any(c.request_model) AS request_model,
        any(c.operation) AS operation,
        any(c.kind) AS kind,
        count() AS calls,
        countIf(
            c.input_tokens IS NULL AND c.output_tokens IS NULL AND (c.error_type = '' OR c.partial)) AS calls_without_usage,
        sum(ifNull(c.input_tokens, 0)) AS input_tokens,
        sum(ifNull(c.output_tokens, 0)) AS output_tokens,
        sum(ifNull(c.cache_read_tokens, 0)) AS cache_read_tokens,
        sum(ifNull(c.cache_write_tokens, 0)) AS cache_write_tokens,
        max(ifNull(c.input_tokens, 0)) AS most_input_tokens,
        sum(toDecimal128(c.cost_usd, 18)) AS cost,
        sumIf(
            greatest(least(toFloat64(c.input_tokens), c.context_utilization * c.context_window) - c.context_window / 2, 0),
            is_full AND c.input_tokens IS NOT NULL) AS full_tokens
    FROM otel.llm_calls AS c
    WHERE
    $filters
    GROUP BY group, above, price, is_counted, is_failed, is_cut, is_full, is_hashed
) AS p
GROUP BY provider, model, priced_as, operation
ORDER BY cost_usd DESC
LIMIT 1000
