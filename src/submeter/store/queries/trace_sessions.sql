-- Of which sessions are the calls of this trace?
SELECT DISTINCT session_id
FROM otel.llm_calls
WHERE trace_id = {trace:String}
ORDER BY session_id
LIMIT 3
