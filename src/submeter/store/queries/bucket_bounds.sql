-- Which buckets of sessions can hold the first ones, and at most how much is the measure of each session in them?
-- A bucket's measure is no less than that of a session in it, and many sessions share one, so this takes half of the time
-- that the bounds of sessions do. Calls without a session, which come last, are in none.
WITH
$bounding
SELECT
$bucket AS bucket,
$place AS place
FROM otel.llm_call_rows AS c
WHERE c.is_shadowed = 0
    AND c.session_id != ''
    AND $filters
GROUP BY bucket
ORDER BY place DESC
LIMIT {limit:UInt32}
