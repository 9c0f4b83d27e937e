-- [error_rate] Share of the calls that failed, of services with at least 20.
SELECT service, countIf(@is_error) / count() AS value
FROM otel.llm_calls
WHERE ts > now() - INTERVAL 15 MINUTE
GROUP BY service
HAVING count() >= 20

-- [slow]
SELECT service, quantile(0.95)(duration_s) AS value
FROM otel.llm_calls
WHERE ts > now() - INTERVAL 15 MINUTE
GROUP BY service
HAVING count() >= 20

-- [cost_spike] How many times what it was a day ago, of services that cost more than a dollar an hour.
SELECT
    service,
    sumIf(cost_usd, ts > now() - INTERVAL 1 HOUR)
        / greatest(ifNull(sumIf(cost_usd, ts <= now() - INTERVAL 23 HOUR), 0), 0.01) AS value
FROM otel.llm_calls
WHERE ts > now() - INTERVAL 24 HOUR
GROUP BY service
HAVING sumIf(cost_usd, ts > now() - INTERVAL 1 HOUR) > 1

-- [critical_warnings]
SELECT type, count() AS value
FROM otel.llm_warnings
WHERE ts > now() - INTERVAL 15 MINUTE AND severity = 'critical'
GROUP BY type

-- [full_sessions] Sessions whose latest call filled more than 95 % of its window.
SELECT service, count() AS value
FROM
(
    SELECT session_id, argMax(service, ts) AS service, argMax(context_utilization, ts) AS context
    FROM otel.llm_calls
    WHERE ts > now() - INTERVAL 1 HOUR AND session_id != ''
    GROUP BY session_id
)
WHERE context > 0.95
GROUP BY service

-- [unpriced]
SELECT @model AS model, count() AS value
FROM otel.llm_calls
WHERE ts > now() - INTERVAL 1 HOUR AND @is_unpriced
GROUP BY model

-- [stalled] Seconds since the latest call, where there was one in the last day.
SELECT toFloat64(dateDiff('second', max(ts), now())) AS value
FROM otel.llm_calls
WHERE ts > now() - INTERVAL 24 HOUR
HAVING count() > 0
