-- Which rows are calls of this session? Its traces lead to the granules with them, but for calls without a session, which
-- are all over. They are a hint and no condition: a session's every call is in one of its traces, so that asking each row
-- for its trace as well would only take time. `identity` keeps the engine from reading its filter of the sessions of all
-- rows, which grows with the store. In a PREWHERE, rows are chosen before repetitions are told apart, which say the same
-- session.
    indexHint({session:String} = '' OR (toDate(c.ts), toStartOfHour(c.ts), c.trace_id) IN (
        SELECT day, hour, trace_id
        FROM otel.llm_session_traces
        WHERE session_id = {session:String}))
    AND identity(c.session_id) = {session:String}
