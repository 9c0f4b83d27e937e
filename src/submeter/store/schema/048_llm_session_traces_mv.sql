-- Feeds llm_session_traces with the calls of every inserted block.
CREATE OR REPLACE MATERIALIZED VIEW otel.llm_session_traces_mv TO otel.llm_session_traces AS
SELECT DISTINCT session_id, toDate(ts) AS day, toStartOfHour(ts) AS hour, trace_id, service
FROM otel.llm_call_intake
WHERE session_id != ''
