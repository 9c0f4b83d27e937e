-- Which session ids look most like the one that was asked for?
SELECT session_id
FROM otel.llm_calls
WHERE session_id != ''
GROUP BY session_id
ORDER BY startsWith(session_id, {session:String}) DESC, ngramDistance(session_id, {session:String}), session_id
LIMIT 3
