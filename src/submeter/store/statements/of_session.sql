-- Which rows are calls of this session? Its traces lead to them, but for calls without a session, which are all over.
-- `identity` keeps the engine from reading its filter of the sessions of all rows, which grows with the store.
    ({session:String} = '' OR (toDate(c.ts), toStartOfHour(c.ts), c.trace_id) IN (
        SELECT day, hour, trace_id
        FROM otel.llm_session_traces
        WHERE session_id = {session:String}))
    AND identity(c.session_id) = {session:String}
