-- Which rows go? What is older than a time, or is of one user or one session: rows that name them, and rows of the
-- same traces that name nobody.
({before_ns:Int64} > 0 AND ts < fromUnixTimestamp64Nano({before_ns:Int64}))
    OR ({user:String} != ''
        AND (user_id = {user:String}
            OR (user_id = '' AND trace_id IN (
                SELECT trace_id FROM otel.llm_call_rows WHERE user_id = {user:String} AND trace_id != ''))))
    OR ({session:String} != ''
        AND (session_id = {session:String}
            OR (session_id = '' AND trace_id IN (
                SELECT trace_id FROM otel.llm_call_rows WHERE session_id = {session:String} AND trace_id != ''))))
