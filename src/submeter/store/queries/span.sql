-- What is known about one span?
SELECT
    toUnixTimestamp64Nano(t.Timestamp) AS start_ns,
    t.TraceId AS trace_id,
    t.SpanId AS span_id,
    t.ParentSpanId AS parent_span_id,
    t.SpanName AS name,
    t.SpanKind AS kind,
    t.ServiceName AS service,
    t.ScopeName AS scope,
    t.ScopeVersion AS scope_version,
    t.Duration / 1e9 AS duration_s,
    t.StatusCode AS status,
    t.StatusMessage AS status_message,
    t.SpanAttributes AS attributes,
    t.ResourceAttributes AS resource,
    arrayMap((at, name, about) -> map('ts_ns', toString(toUnixTimestamp64Nano(at)), 'name', name, 'attributes', toJSONString(about)),
        t.`Events.Timestamp`, t.`Events.Name`, t.`Events.Attributes`) AS events
FROM otel.otel_traces AS t
WHERE t.TraceId = {trace:String} AND t.SpanId = {span:String}
LIMIT 1
