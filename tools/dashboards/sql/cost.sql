-- [headline]
SELECT
    sum(cost_usd) AS cost,
    sum(cost_usd) / nullIf(countIf(cost_usd IS NOT NULL), 0) AS per_call,
    sumIf(cost_usd, session_id != '') / nullIf(uniqExactIf(session_id, session_id != ''), 0) AS per_session,
    sumIf(cost_usd, user_id != '') / nullIf(uniqExactIf(user_id, user_id != ''), 0) AS per_user,
    sumIf(cost_usd, @is_error) AS failed,
    sum(@saved) AS avoided
FROM otel.llm_calls
WHERE @calls

-- [today_and_month] Days and months in UTC.
SELECT
    sumIf(cost_usd, ts >= toStartOfDay(now('UTC'))) AS today,
    sum(cost_usd) AS month
FROM otel.llm_calls
WHERE ts >= toStartOfMonth(now('UTC')) AND ts <= now('UTC') AND @filters

-- [by_day] The last thirty days, whatever the range.
SELECT toStartOfDay(ts) AS time, provider, sum(cost_usd) AS cost
FROM otel.llm_calls
WHERE ts >= toStartOfDay(now('UTC')) - INTERVAL 29 DAY AND ts <= now('UTC') AND @filters AND cost_usd > 0
GROUP BY time, provider
ORDER BY time, provider

-- [month_course] Spent so far this month, and where it leads at the pace of the last seven days.
SELECT
    day AS time,
    if(day <= now('UTC'), sum(cost) OVER (ORDER BY day), NULL) AS spent,
    if(day >= toStartOfDay(now('UTC')),
        sum(cost) OVER (ORDER BY day)
            + max(pace) OVER () * dateDiff('second', now('UTC'), least(day + INTERVAL 1 DAY, addMonths(toStartOfMonth(now('UTC')), 1))),
        NULL) AS forecast
FROM
(
    SELECT day, sum(cost) AS cost, max(pace) AS pace
    FROM
    (
        SELECT toStartOfDay(ts) AS day, ifNull(sum(cost_usd), 0) AS cost, 0. AS pace
        FROM otel.llm_calls
        WHERE ts >= toStartOfMonth(now('UTC')) AND ts <= now('UTC') AND @filters
        GROUP BY day
        UNION ALL
        SELECT
            arrayJoin(arrayMap(n -> toStartOfMonth(now('UTC')) + toIntervalDay(n), range(toUInt64(dateDiff('day', toStartOfMonth(now('UTC')), addMonths(toStartOfMonth(now('UTC')), 1)))))) AS day,
            0. AS cost,
            pace
        FROM
        (
            SELECT
                ifNull(sumIf(cost_usd, ts >= now('UTC') - INTERVAL 7 DAY), 0)
                    / greatest(dateDiff('second', greatest(min(ts), now('UTC') - INTERVAL 7 DAY), now('UTC')), 3600) AS pace
            FROM otel.llm_calls
            WHERE ts >= now('UTC') - INTERVAL 14 DAY AND ts <= now('UTC') AND @filters
        )
    )
    GROUP BY day
)
ORDER BY time

-- [by_provider_and_model]
SELECT
    service,
    provider,
    @model AS model,
    count() AS calls,
    sum(input_tokens) AS input,
    sum(cache_read_tokens) / nullIf(sum(input_tokens), 0) AS cached,
    sum(output_tokens) AS output,
    sum(cost_usd) AS cost,
    sum(cost_usd) / nullIf(countIf(cost_usd IS NOT NULL), 0) AS per_call
FROM otel.llm_calls
WHERE @calls
GROUP BY service, provider, model
ORDER BY cost DESC, calls DESC, service, provider, model
LIMIT 200

-- [by_user]
SELECT if(user_id = '', '(none)', user_id) AS name, sum(cost_usd) AS cost
FROM otel.llm_calls
WHERE @calls
GROUP BY name
HAVING cost > 0
ORDER BY cost DESC, name
LIMIT 8

-- [by_operation]
SELECT $__timeInterval(ts) AS time, if(operation = '', '(none)', operation) AS name, sum(cost_usd) AS cost
FROM otel.llm_calls
WHERE @calls AND cost_usd > 0
GROUP BY time, name
ORDER BY time, name

-- [by_step]
SELECT
    if(operation = '', '(none)', operation) AS operation_name,
    step,
    count() AS calls,
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cost_usd) AS cost,
    sum(cost_usd) / nullIf(countIf(cost_usd IS NOT NULL), 0) AS per_call
FROM otel.llm_calls
WHERE @calls
GROUP BY operation_name, step
ORDER BY cost DESC, calls DESC, operation_name, step
LIMIT 100

-- [per_session]
SELECT time, quantile(0.5)(c) AS p50, quantile(0.95)(c) AS p95, max(c) AS dearest
FROM
(
    SELECT session_id, $__timeInterval(ts) AS time, sum(cost_usd) AS c
    FROM otel.llm_calls
    WHERE @calls AND session_id != '' AND cost_usd IS NOT NULL
    GROUP BY session_id, time
)
GROUP BY time
ORDER BY time

-- [cache_share]
SELECT $__timeInterval(ts) AS time, provider, sum(cache_read_tokens) / nullIf(sum(input_tokens), 0) AS share
FROM otel.llm_calls
WHERE @calls
GROUP BY time, provider
HAVING share > 0
ORDER BY time, provider

-- [unpriced_models]
SELECT
    provider,
    @model AS model,
    count() AS calls,
    ifNull(sum(input_tokens), 0) + ifNull(sum(output_tokens), 0) AS tokens,
    max(ts) AS last_seen
FROM otel.llm_calls
WHERE @calls AND @is_unpriced
GROUP BY provider, model
ORDER BY tokens DESC, provider, model
LIMIT 50
