-- [headline]
SELECT
    uniqExactIf(user_id, user_id != '') AS users,
    sumIf(cost_usd, user_id != '') / nullIf(uniqExactIf(user_id, user_id != ''), 0) AS cost_per_user,
    (sumIf(ifNull(input_tokens, 0) + ifNull(output_tokens, 0), user_id != '')) / nullIf(uniqExactIf(user_id, user_id != ''), 0) AS tokens_per_user,
    countIf(user_id = '') / nullIf(count(), 0) AS without_user,
    (SELECT uniqExact(subject) FROM otel.llm_warnings WHERE @warnings AND type = 'limit_reached' AND subject_kind = 'user') AS at_limit
FROM otel.llm_calls
WHERE @calls

-- [head_room] Today (UTC) against the limit that a rule last warned of, else the one typed above.
SELECT
    name,
    tokens,
    limit_of,
    tokens / nullIf(limit_of, 0) AS used,
    if(limit_of > 0, greatest(limit_of - tokens, 0), NULL) AS head_room,
    tokens / greatest(dateDiff('second', toStartOfDay(now('UTC')), now('UTC')), 3600) * 86400 / nullIf(limit_of, 0) AS by_midnight,
    cost,
    calls
FROM
(
    SELECT
        u.name AS name,
        u.tokens AS tokens,
        if(w.limit_tokens > 0, w.limit_tokens, toFloat64OrZero(${token_limit:singlequote})) AS limit_of,
        u.cost AS cost,
        u.calls AS calls
    FROM
    (
        SELECT
            user_id AS name,
            ifNull(sum(input_tokens), 0) + ifNull(sum(output_tokens), 0) AS tokens,
            sum(cost_usd) AS cost,
            count() AS calls
        FROM otel.llm_calls
        WHERE ts >= toStartOfDay(now('UTC')) AND ts <= now('UTC') AND user_id != '' AND @filters
        GROUP BY name
    ) AS u
    LEFT JOIN
    (
        SELECT subject AS name, argMax(limit, ts) AS limit_tokens
        FROM otel.llm_warnings
        WHERE subject_kind = 'user' AND unit = 'tokens' AND type IN ('limit_approaching', 'limit_reached')
            AND ts >= toStartOfDay(now('UTC'))
        GROUP BY name
    ) AS w ON u.name = w.name
)
ORDER BY used DESC, tokens DESC, name
LIMIT 100

-- [top_users]
SELECT user_id AS name, ifNull(sum(input_tokens), 0) + ifNull(sum(output_tokens), 0) AS tokens
FROM otel.llm_calls
WHERE @calls AND user_id != ''
GROUP BY name
ORDER BY tokens DESC, name
LIMIT 8

-- [daily_users]
SELECT toStartOfDay(ts) AS time, uniqExact(user_id) AS users
FROM otel.llm_calls
WHERE @calls AND user_id != ''
GROUP BY time
ORDER BY time

-- [users]
SELECT
    user_id AS name,
    uniqExactIf(session_id, session_id != '') AS sessions,
    count() AS calls,
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cost_usd) AS cost,
    countIf(@is_error) AS errors,
    max(context_utilization) AS context,
    max(ts) AS last_call
FROM otel.llm_calls
WHERE @calls AND user_id != '' AND $__conditionalAll(user_id IN (${user:singlequote}), $user)
GROUP BY name
ORDER BY cost DESC, calls DESC, name
LIMIT 200

-- [user_tokens_per_day]
SELECT toStartOfDay(ts) AS time, user_id AS name, ifNull(sum(input_tokens), 0) + ifNull(sum(output_tokens), 0) AS tokens
FROM otel.llm_calls
WHERE @calls AND $__conditionalAll(user_id IN (${user:singlequote}), $user)
    AND user_id IN (
        SELECT user_id
        FROM otel.llm_calls
        WHERE @calls AND user_id != '' AND $__conditionalAll(user_id IN (${user:singlequote}), $user)
        GROUP BY user_id
        ORDER BY ifNull(sum(input_tokens), 0) + ifNull(sum(output_tokens), 0) DESC, user_id
        LIMIT 8)
GROUP BY time, name
ORDER BY time, name

-- [limit_warnings]
SELECT ts AS time, severity, subject_kind, subject, percentage / 100 AS used, current, limit, unit, window, message
FROM otel.llm_warnings
WHERE @warnings AND type IN ('limit_approaching', 'limit_reached', 'budget_forecast')
ORDER BY ts DESC, warning_id
LIMIT 100
