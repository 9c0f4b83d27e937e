-- [sessions]
SELECT
    session_id AS session,
    argMinIf(user_id, ts, user_id != '') AS user,
    argMin(service, ts) AS app,
    min(ts) AS started,
    max(toUnixTimestamp64Nano(ts) / 1e9 + duration_s) - min(toUnixTimestamp64Nano(ts) / 1e9) AS length,
    uniqExact(trace_id) AS turns,
    count() AS calls,
    sum(input_tokens) AS input,
    sum(output_tokens) AS output,
    sum(cost_usd) AS cost,
    max(context_utilization) AS context,
    countIf(@is_error) AS errors,
    arrayStringConcat(arraySort(groupUniqArray(@model)), ', ') AS models
FROM otel.llm_calls
WHERE @calls
    AND $__conditionalAll(user_id IN (${user:singlequote}), $user)
    AND session_id != ''
    AND (${session:singlequote} = '' OR positionCaseInsensitive(session_id, ${session:singlequote}) > 0)
GROUP BY session
HAVING ifNull(cost, 0) >= toFloat64OrZero(${min_cost:singlequote})
ORDER BY started DESC, session
LIMIT 300

-- [headline]
SELECT
    uniqExactIf(session_id, session_id != '') AS sessions,
    countIf(session_id != '') / nullIf(sessions, 0) AS calls_per_session,
    sumIf(cost_usd, session_id != '') / nullIf(sessions, 0) AS cost_per_session,
    uniqExactIf(session_id, session_id != '' AND context_utilization >= 0.7) AS above_70,
    uniqExactIf(session_id, session_id != '' AND context_utilization >= 0.95) AS above_95
FROM otel.llm_calls
WHERE @calls AND $__conditionalAll(user_id IN (${user:singlequote}), $user)

-- [started]
SELECT toStartOfInterval(toDateTime(begun, 'UTC'), INTERVAL $__interval_s second) AS time, count() AS sessions
FROM
(
    SELECT session_id, min(ts) AS begun
    FROM otel.llm_calls
    WHERE @calls AND $__conditionalAll(user_id IN (${user:singlequote}), $user) AND session_id != ''
    GROUP BY session_id
)
GROUP BY time
ORDER BY time

-- [turns]
SELECT multiIf(turns = 1, '1', turns = 2, '2', turns <= 5, '3-5', turns <= 10, '6-10', turns <= 20, '11-20', '21+') AS group_of, count() AS sessions
FROM
(
    SELECT session_id, uniqExact(trace_id) AS turns
    FROM otel.llm_calls
    WHERE @calls AND $__conditionalAll(user_id IN (${user:singlequote}), $user) AND session_id != ''
    GROUP BY session_id
)
GROUP BY group_of
ORDER BY min(turns)

-- [peak_context] How full did sessions get? By the fullest call of each.
SELECT concat(toString(least(9, intDiv(toUInt32(peak * 100), 10)) * 10), '-', toString(least(9, intDiv(toUInt32(peak * 100), 10)) * 10 + 10), ' %') AS group_of, count() AS sessions
FROM
(
    SELECT session_id, max(context_utilization) AS peak
    FROM otel.llm_calls
    WHERE @calls AND $__conditionalAll(user_id IN (${user:singlequote}), $user) AND session_id != '' AND context_utilization IS NOT NULL
    GROUP BY session_id
)
GROUP BY group_of
ORDER BY min(peak)

-- [without_session]
SELECT service, @model AS model, count() AS calls, sum(cost_usd) AS cost, max(ts) AS last_seen
FROM otel.llm_calls
WHERE @calls AND session_id = ''
GROUP BY service, model
ORDER BY calls DESC, service, model
LIMIT 50
