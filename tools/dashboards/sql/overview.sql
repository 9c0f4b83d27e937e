-- [headline] One row for all tiles.
SELECT
    sum(cost_usd) AS cost,
    count() AS calls,
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    uniqExactIf(session_id, session_id != '') AS sessions,
    uniqExactIf(user_id, user_id != '') AS users,
    countIf(@is_error) / nullIf(count(), 0) AS error_rate,
    quantile(0.95)(duration_s) AS p95,
    sum(cache_read_tokens) / nullIf(sum(input_tokens), 0) AS cache_share,
    countIf(@is_unpriced) AS unpriced,
    countIf(@is_uncounted) AS uncounted,
    (SELECT count() FROM otel.llm_warnings WHERE @warnings) AS warnings
FROM otel.llm_calls
WHERE @calls

-- [month_forecast] Spent this month, and the rest of it at the pace of the last seven days.
SELECT
    sumIf(cost_usd, ts >= toStartOfMonth(now('UTC'))) AS spent,
    ifNull(spent, 0) + ifNull(sumIf(cost_usd, ts >= now('UTC') - INTERVAL 7 DAY), 0)
        / greatest(dateDiff('second', greatest(min(ts), now('UTC') - INTERVAL 7 DAY), now('UTC')), 3600)
        * dateDiff('second', now('UTC'), addMonths(toStartOfMonth(now('UTC')), 1)) AS forecast
FROM otel.llm_calls
WHERE ts >= least(toStartOfMonth(now('UTC')), now('UTC') - INTERVAL 14 DAY) AND ts <= now('UTC') AND @filters
HAVING count() > 0

-- [cost_by_model]
SELECT $__timeInterval(ts) AS time, @model AS model, sum(cost_usd) AS cost
FROM otel.llm_calls
WHERE @calls AND cost_usd > 0
GROUP BY time, model
ORDER BY time, model

-- [tokens_by_type]
SELECT
    $__timeInterval(ts) AS time,
    sum(input_tokens) - ifNull(sum(cache_read_tokens), 0) AS "new input",
    sum(cache_read_tokens) AS "cached input",
    sum(output_tokens) AS output
FROM otel.llm_calls
WHERE @calls
GROUP BY time
ORDER BY time

-- [calls_and_errors]
SELECT $__timeInterval(ts) AS time, countIf(NOT @is_error) AS answered, countIf(@is_error) AS failed
FROM otel.llm_calls
WHERE @calls
GROUP BY time
ORDER BY time

-- [latency]
SELECT $__timeInterval(ts) AS time, quantile(0.5)(duration_s) AS p50, quantile(0.95)(duration_s) AS p95
FROM otel.llm_calls
WHERE @calls
GROUP BY time
ORDER BY time

-- [fullest_sessions]
SELECT session_id AS session, max(context_utilization) AS context
FROM otel.llm_calls
WHERE @calls AND session_id != '' AND context_utilization IS NOT NULL
GROUP BY session
ORDER BY context DESC, session
LIMIT 8

-- [top_models]
SELECT @model AS model, sum(cost_usd) AS cost
FROM otel.llm_calls
WHERE @calls
GROUP BY model
HAVING cost > 0
ORDER BY cost DESC, model
LIMIT 8

-- [top_operations]
SELECT if(operation = '', '(none)', operation) AS name, sum(cost_usd) AS cost
FROM otel.llm_calls
WHERE @calls
GROUP BY name
HAVING cost > 0
ORDER BY cost DESC, name
LIMIT 8

-- [top_users]
SELECT if(user_id = '', '(none)', user_id) AS name, sum(cost_usd) AS cost
FROM otel.llm_calls
WHERE @calls
GROUP BY name
HAVING cost > 0
ORDER BY cost DESC, name
LIMIT 8

-- [latest_warnings]
SELECT ts AS time, severity, message, session_id, user_id
FROM otel.llm_warnings
WHERE @warnings
ORDER BY ts DESC, warning_id
LIMIT 20
