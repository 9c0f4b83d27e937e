-- What other spans belong to these traces or are tools of this session, so that the calls can be shown in their tree?
-- A repeated span once. A tool outside of every span of the program is in a trace of its own.
SELECT
    toUnixTimestamp64Nano(Timestamp) AS start_ns,
    TraceId AS trace_id,
    SpanId AS span_id,
    ParentSpanId AS parent_span_id,
    SpanName AS name,
    SpanKind AS kind,
    ServiceName AS service,
    ScopeName AS scope,
    if(SpanAttributes['gen_ai.tool.name'] != '', SpanAttributes['gen_ai.tool.name'], SpanAttributes['tool.name']) AS tool,
    SpanAttributes['error.type'] AS error_type,
    Duration / 1e9 AS duration_s,
    StatusCode AS status,
    StatusMessage AS status_message
FROM
(
    SELECT *
    FROM otel.otel_traces
    WHERE Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND TraceId IN {traces:Array(String)}
    UNION ALL
    SELECT *
    FROM otel.otel_traces
    WHERE Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
        AND startsWith(SpanName, 'execute_tool ')
        AND SpanAttributes['session.id'] = {session:String}
)
WHERE (TraceId, SpanId) NOT IN (
        SELECT c.trace_id, c.span_id
        FROM otel.llm_call_rows AS c FINAL
        WHERE
        $of_session)
ORDER BY Timestamp, TraceId, SpanId
LIMIT 1 BY TraceId, SpanId
LIMIT {limit:UInt32}
