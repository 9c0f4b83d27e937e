-- Which traces of sessions go? Those of a session, those that are old, and those in which no call of anybody but this
-- user is left.
({before_ns:Int64} > 0
        AND (hour < toStartOfHour(fromUnixTimestamp64Nano({before_ns:Int64}))
            OR (hour = toStartOfHour(fromUnixTimestamp64Nano({before_ns:Int64}))
                AND (session_id, trace_id) NOT IN (
                    SELECT session_id, trace_id
                    FROM otel.llm_call_rows
                    WHERE toDate(ts) = toDate(fromUnixTimestamp64Nano({before_ns:Int64}))
                        AND toStartOfHour(ts) = toStartOfHour(fromUnixTimestamp64Nano({before_ns:Int64}))
                        AND ts >= fromUnixTimestamp64Nano({before_ns:Int64})))))
    OR ({session:String} != '' AND session_id = {session:String})
    OR ({user:String} != ''
        AND trace_id IN (SELECT trace_id FROM otel.llm_call_rows WHERE user_id = {user:String})
        AND (session_id, trace_id) NOT IN (
            SELECT session_id, trace_id
            FROM otel.llm_call_rows
            WHERE user_id NOT IN ('', {user:String})
                AND trace_id IN (SELECT trace_id FROM otel.llm_call_rows WHERE user_id = {user:String})))
