-- Which scores go? Those older than a time, and those of traces in which a user or a session made a call.
({before_ns:Int64} > 0 AND ts < fromUnixTimestamp64Nano({before_ns:Int64}))
    OR ({user:String} != '' AND trace_id IN (
        SELECT trace_id FROM otel.llm_call_rows WHERE user_id = {user:String} AND trace_id != ''))
    OR ({session:String} != '' AND trace_id IN (
        SELECT trace_id FROM otel.llm_call_rows WHERE session_id = {session:String} AND trace_id != ''))
