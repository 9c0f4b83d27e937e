-- How many rows would erase_llm_evaluation_rows erase?
SELECT count() AS erased
FROM otel.llm_evaluation_rows
WHERE ({before_ns:Int64} > 0 AND ts < fromUnixTimestamp64Nano({before_ns:Int64}))
    OR ({user:String} != '' AND trace_id IN (
        SELECT trace_id FROM otel.llm_call_rows WHERE user_id = {user:String} AND trace_id != ''))
    OR ({session:String} != '' AND trace_id IN (
        SELECT trace_id FROM otel.llm_call_rows WHERE session_id = {session:String} AND trace_id != ''))
