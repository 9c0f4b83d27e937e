-- [headline]
SELECT
    count() AS warnings,
    countIf(severity = 'critical') AS critical,
    uniqExactIf(session_id, session_id != '') AS sessions,
    uniqExactIf(user_id, user_id != '') AS users
FROM otel.llm_warnings
WHERE @warnings AND $__conditionalAll(type IN (${type:singlequote}), $type)

-- [truncated_share]
SELECT countIf(hasAny(finish_reasons, ['length', 'max_tokens', 'MAX_TOKENS'])) / nullIf(count(), 0) AS truncated
FROM otel.llm_calls
WHERE @calls

-- [over_time]
SELECT $__timeInterval(ts) AS time, type, count() AS warnings
FROM otel.llm_warnings
WHERE @warnings AND $__conditionalAll(type IN (${type:singlequote}), $type)
GROUP BY time, type
ORDER BY time, type

-- [by_type]
SELECT type, count() AS warnings
FROM otel.llm_warnings
WHERE @warnings AND $__conditionalAll(type IN (${type:singlequote}), $type)
GROUP BY type
ORDER BY warnings DESC, type

-- [context_map] Calls by how full the context window was, in steps of ten percent.
SELECT
    $__timeInterval(ts) AS time,
    concat(leftPad(toString(least(9, intDiv(toUInt32(context_utilization * 100), 10)) * 10), 2, '0'), ' %') AS bucket,
    count() AS calls
FROM otel.llm_calls
WHERE @calls AND context_utilization IS NOT NULL
GROUP BY time, bucket
ORDER BY time, bucket

-- [filling_now] Sessions above 70 % in their last call, in the last 24 hours.
SELECT
    session_id AS session,
    argMin(user_id, ts) AS user,
    argMax(@model, ts) AS model,
    argMax(context_utilization, ts) AS context,
    argMax(context_window, ts) - argMax(ifNull(input_tokens, 0) + ifNull(output_tokens, 0), ts) AS left_tokens,
    max(ts) AS last_call
FROM otel.llm_calls
WHERE ts > now('UTC') - INTERVAL 24 HOUR AND session_id != '' AND context_utilization IS NOT NULL AND @filters
GROUP BY session
HAVING context >= 0.7
ORDER BY context DESC, session
LIMIT 50

-- [log]
SELECT
    ts AS time, severity, type, percentage / 100 AS percent, message, action, rule, service, session_id, user_id, model,
    trace_id AS trace
FROM otel.llm_warnings
WHERE @warnings AND $__conditionalAll(type IN (${type:singlequote}), $type)
ORDER BY ts DESC, warning_id
LIMIT 300

-- [truncated]
SELECT
    $__timeInterval(ts) AS time,
    @model AS model,
    countIf(hasAny(finish_reasons, ['length', 'max_tokens', 'MAX_TOKENS'])) AS answers
FROM otel.llm_calls
WHERE @calls
GROUP BY time, model
HAVING answers > 0
ORDER BY time, model
