-- How much of the input was sent before, in the same conversation, and how many failed calls were tried again?
-- A row of the innermost query is one step of one session. If its inputs grow from call to call, each begins with the
-- one before: all but the longest were sent again. Calls more than five minutes apart find no cache.
-- A step of a single call, which most are, neither grows nor is tried again.
-- Steps and groups are told by hashes of 64 bits, and names are looked up for the few groups at the end, which is
-- several times faster.
WITH cityHash64(c.provider) + 3 * cityHash64(c.operation) + 7 * cityHash64(c.request_model) AS hashed_group
SELECT
    n.provider AS provider,
    n.request_model AS model,
    $priced_as AS priced_as,
    n.operation AS operation,
    r.* EXCEPT (group)
FROM
(
    SELECT
        group,
        countIf(is_growing) AS growing_sessions,
        sumIf(inputs - longest, is_growing) AS repeated_tokens,
        sumIf(cached, is_growing) AS cached_tokens,
        sumIf(longest, is_growing) AS longest_tokens,
        sumIf(failed, is_retried) AS retried_calls,
        toFloat64(sumIf(ifNull(failed_cost, 0), is_retried)) AS retried_cost_usd
    FROM
    (
        SELECT
            hashed_group AS group,
            intHash64(cityHash64(c.session_id) + cityHash64(c.step)) AS conversation,
            countIf(c.input_tokens > 0) AS counted,
            sum(ifNull(c.input_tokens, 0)) AS inputs,
            max(ifNull(c.input_tokens, 0)) AS longest,
            min(ifNull(c.input_tokens, 18446744073709551615)) AS shortest,
            sum(ifNull(c.cache_read_tokens, 0)) AS cached,
            min(c.ts) AS first,
            max(c.ts) AS last,
            shortest >= 1024
                AND counted > 1
                AND longest > shortest
                AND argMin(ifNull(c.input_tokens, 0), if(c.input_tokens IS NULL, 9223372036854775807, toUnixTimestamp64Nano(c.ts))) = shortest
                AND argMax(ifNull(c.input_tokens, 0), if(c.input_tokens IS NULL, 0, toUnixTimestamp64Nano(c.ts))) = longest
                AND dateDiff('second', first, last) <= 300 * (counted - 1) AS is_growing,
            countIf(c.error_type != '') AS failed,
            sumIf(toDecimal128(c.cost_usd, 18), c.error_type != '') AS failed_cost,
            failed > 0 AND failed < count() AND maxIf(c.ts, c.error_type = '') > minIf(c.ts, c.error_type != '') AS is_retried
        FROM otel.llm_calls AS c
        WHERE c.session_id != ''
            AND $filters
        GROUP BY group, conversation
        HAVING count() > 1
    )
    GROUP BY group
) AS r
INNER JOIN
(
    SELECT
        hashed_group AS group,
        any(c.provider) AS provider,
        any(c.request_model) AS request_model,
        max(c.response_model) AS response_model,
        any(c.operation) AS operation
    FROM otel.llm_call_rows AS c
    WHERE
    $filters
    GROUP BY group
) AS n ON r.group = n.group
WHERE r.growing_sessions > 0 OR r.retried_calls > 0
LIMIT 1000
