-- How much of the input was sent before, in the same conversation, and how many failed calls were tried again?
-- A row of the inner query is one step of one session, told by a hash of 64 bits, which is several times faster.
-- If its inputs grow from call to call, each begins with the one before: all but the longest were sent again.
-- Calls more than five minutes apart find no cache.
SELECT
    provider,
    model,
    operation,
    countIf(is_growing) AS growing_sessions,
    toUInt64(sumIf(inputs - longest, is_growing)) AS repeated_tokens,
    toUInt64(sumIf(cached, is_growing)) AS cached_tokens,
    toUInt64(sumIf(longest, is_growing)) AS longest_tokens,
    sum(retried) AS retried_calls,
    sum(retried_cost) AS retried_cost_usd
FROM
(
    SELECT
        any(c.provider) AS provider,
        cityHash64(c.session_id, c.operation, c.step, c.request_model) AS conversation,
        any(c.operation) AS operation,
        any(c.request_model) AS model,
        countIf(c.input_tokens > 0) AS counted,
        ifNull(sum(c.input_tokens), 0) AS inputs,
        ifNull(max(c.input_tokens), 0) AS longest,
        ifNull(sum(c.cache_read_tokens), 0) AS cached,
        ifNull(min(c.input_tokens), 0) >= 1024
            AND counted > 1
            AND argMin(c.input_tokens, c.ts) = min(c.input_tokens)
            AND argMax(c.input_tokens, c.ts) = max(c.input_tokens)
            AND max(c.input_tokens) > min(c.input_tokens)
            AND dateDiff('second', min(c.ts), max(c.ts)) <= 300 * (counted - 1) AS is_growing,
        maxIf(c.ts, c.error_type = '') > minIf(c.ts, c.error_type != '') AND countIf(c.error_type != '') > 0
            AND countIf(c.error_type = '') > 0 AS is_retried,
        if(is_retried, countIf(c.error_type != ''), 0) AS retried,
        if(is_retried, ifNull(sumIf(c.cost_usd, c.error_type != ''), 0), 0) AS retried_cost
    FROM otel.llm_calls AS c
    WHERE c.session_id != ''
        AND $filters
    GROUP BY conversation
)
WHERE is_growing OR retried > 0
GROUP BY provider, model, operation
LIMIT 1000
