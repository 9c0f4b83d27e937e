-- [service]
SELECT service AS value
FROM otel.llm_calls
WHERE $__timeFilter(ts) AND value != ''
GROUP BY value
ORDER BY count() DESC, value
LIMIT 500

-- [model]
SELECT @model AS value
FROM otel.llm_calls
WHERE $__timeFilter(ts) AND value != ''
GROUP BY value
ORDER BY count() DESC, value
LIMIT 500

-- [operation]
SELECT operation AS value
FROM otel.llm_calls
WHERE $__timeFilter(ts) AND value != ''
GROUP BY value
ORDER BY count() DESC, value
LIMIT 500

-- [user]
SELECT user_id AS value
FROM otel.llm_calls
WHERE $__timeFilter(ts) AND value != ''
GROUP BY value
ORDER BY count() DESC, value
LIMIT 500

-- [type]
SELECT type AS value
FROM otel.llm_warnings
WHERE $__timeFilter(ts) AND value != ''
GROUP BY value
ORDER BY count() DESC, value
LIMIT 500
