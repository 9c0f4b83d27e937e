-- Makes the spans around the calls of calls.sql: the request of a web server that up to three calls belong to.
INSERT INTO otel.otel_traces (
    Timestamp, TraceId, SpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, ScopeName, SpanAttributes,
    Duration, StatusCode)
SELECT
    min(Timestamp) - toIntervalMillisecond(3),
    TraceId,
    ParentSpanId,
    'POST /' || any(SpanAttributes['submeter.operation']),
    'Server',
    any(ServiceName),
    any(ResourceAttributes),
    'opentelemetry.instrumentation.asgi',
    map('http.request.method', 'POST', 'http.route', '/' || any(SpanAttributes['submeter.operation'])),
    toUInt64(sum(Duration) + 5000000),
    'Unset'
FROM otel.otel_traces
WHERE Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}) AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND ParentSpanId != '' AND SpanKind = 'Client'
GROUP BY TraceId, ParentSpanId
SETTINGS max_insert_threads = 1, max_threads = 1, max_partitions_per_insert_block = 0
