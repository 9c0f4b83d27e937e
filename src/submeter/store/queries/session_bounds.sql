-- Which sessions can come first, and at most how much is each one's measure?
-- Repetitions are not told apart here, which is what takes the time.
WITH
$bounding
SELECT
    c.session_id AS session_id,
$place AS place
FROM otel.llm_call_rows AS c
WHERE c.is_shadowed = 0
    AND $filters
GROUP BY session_id
ORDER BY session_id = '', place DESC, session_id
LIMIT {limit:UInt32}
