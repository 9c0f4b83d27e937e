-- The sessions of calls that an older version stored. Running it twice does no harm. The token is taken back, so that it is
-- not taken for a repetition of the batch before.
INSERT INTO otel.llm_session_traces SETTINGS insert_deduplicate = 0, insert_deduplication_token = ''
SELECT session_id, toDate(ts) AS day, toStartOfHour(ts) AS hour, trace_id, service
FROM otel.llm_call_rows
WHERE session_id != ''
    AND toStartOfHour(ts) BETWEEN toDateTime({first_s:UInt32}, 'UTC') AND toDateTime({last_s:UInt32}, 'UTC')
