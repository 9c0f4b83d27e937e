-- [headline]
SELECT
    count() AS calls,
    countIf(@is_uncounted) / nullIf(count(), 0) AS uncounted,
    countIf(@is_unpriced) / nullIf(count(), 0) AS unpriced,
    countIf(session_id = '') / nullIf(count(), 0) AS without_session,
    countIf(user_id = '') / nullIf(count(), 0) AS without_user,
    countIf(estimated != '') / nullIf(count(), 0) AS estimated
FROM otel.llm_calls
WHERE @calls

-- [freshness] Seconds since the latest span began, whatever the range.
SELECT dateDiff('second', max(Timestamp), now64(9, 'UTC')) AS age
FROM otel.otel_traces
WHERE Timestamp >= now('UTC') - INTERVAL 30 DAY
HAVING count() > 0

-- [spans]
SELECT $__timeInterval(Timestamp) AS time, ServiceName AS service_name, count() AS spans
FROM otel.otel_traces
WHERE $__timeFilter(Timestamp) AND $__conditionalAll(ServiceName IN (${service:singlequote}), $service)
GROUP BY time, service_name
ORDER BY time, service_name

-- [quality]
SELECT
    $__timeInterval(ts) AS time,
    countIf(@is_uncounted) AS "without usage",
    countIf(@is_unpriced) AS "without price",
    countIf(session_id = '') AS "without session"
FROM otel.llm_calls
WHERE @calls
GROUP BY time
ORDER BY time

-- [instrumentations] Who sends what, and how many of its usage-bearing spans are counted as calls.
SELECT
    t.service AS app,
    t.scope AS scope,
    t.version AS version,
    t.spans AS spans,
    t.bearing AS with_usage,
    ifNull(c.calls, 0) AS counted,
    t.last_seen AS last_seen
FROM
(
    SELECT
        ServiceName AS service,
        ScopeName AS scope,
        argMax(ScopeVersion, Timestamp) AS version,
        uniqExact(TraceId, SpanId) AS spans,
        uniqExactIf((TraceId, SpanId), mapContains(SpanAttributes, 'gen_ai.usage.input_tokens')) AS bearing,
        max(Timestamp) AS last_seen
    FROM otel.otel_traces
    WHERE $__timeFilter(Timestamp) AND $__conditionalAll(ServiceName IN (${service:singlequote}), $service)
    GROUP BY service, scope
) AS t
LEFT JOIN
(
    SELECT service, scope, count() AS calls
    FROM otel.llm_calls
    WHERE @calls
    GROUP BY service, scope
) AS c ON t.service = c.service AND t.scope = c.scope
ORDER BY counted DESC, spans DESC, app, scope
LIMIT 100

-- [uncounted_calls]
SELECT service, provider, @model AS model, kind, count() AS calls, countIf(stream) AS streams, max(ts) AS last_seen
FROM otel.llm_calls
WHERE @calls AND @is_uncounted
GROUP BY service, provider, model, kind
ORDER BY calls DESC, service, provider, model, kind
LIMIT 50

-- [orphans] Spans whose parent never arrived. GLOBAL is for a cluster, which would refuse it else, and nothing elsewhere.
SELECT count() AS orphans
FROM otel.otel_traces
WHERE $__timeFilter(Timestamp)
    AND $__conditionalAll(ServiceName IN (${service:singlequote}), $service)
    AND ParentSpanId != ''
    AND (TraceId, ParentSpanId) GLOBAL NOT IN (SELECT TraceId, SpanId FROM otel.otel_traces WHERE $__timeFilter(Timestamp))

-- [tables]
SELECT
    table,
    sum(rows) AS stored,
    sum(bytes_on_disk) AS disk,
    sum(data_uncompressed_bytes) / nullIf(sum(data_compressed_bytes), 0) AS ratio
FROM system.parts
WHERE active AND database = 'otel'
GROUP BY table
ORDER BY disk DESC, table
LIMIT 30
