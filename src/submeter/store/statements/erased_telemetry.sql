-- Which spans or logs go? Those older than a time, or of one user or one session: that name them in their attributes, the
-- column $attributes, or that name nobody and are of their traces.
({before_ns:Int64} > 0 AND Timestamp < fromUnixTimestamp64Nano({before_ns:Int64}))
    OR ({user:String} != ''
        AND ($attributes['user.id'] = {user:String}
            OR ($attributes['user.id'] = '' AND TraceId IN (
                SELECT trace_id FROM otel.llm_call_rows WHERE user_id = {user:String} AND trace_id != ''))))
    OR ({session:String} != ''
        AND ($attributes['session.id'] = {session:String} OR ($attributes['session.id'] = '' AND $attributes['gen_ai.conversation.id'] = {session:String})
            OR ($attributes['session.id'] = '' AND $attributes['gen_ai.conversation.id'] = '' AND TraceId IN (
                SELECT trace_id FROM otel.llm_call_rows WHERE session_id = {session:String} AND trace_id != ''))))
