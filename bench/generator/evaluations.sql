-- Makes evaluation events for one in a hundred calls of calls.sql: how good an answer was, and how safe.
INSERT INTO otel.otel_logs (
    Timestamp, TraceId, SpanId, SeverityText, ServiceName, ScopeName, EventName, LogAttributes)
SELECT
    Timestamp + toIntervalSecond(2),
    TraceId,
    SpanId,
    'INFO',
    ServiceName,
    'judge',
    'gen_ai.evaluation.result',
    map('gen_ai.evaluation.name', judged.1, 'gen_ai.evaluation.score.value', toString(round(judged.2, 3)),
        'gen_ai.evaluation.score.label', if(judged.2 > 0.6, 'pass', 'fail'),
        'gen_ai.response.id', SpanAttributes['gen_ai.response.id'])
FROM otel.otel_traces
ARRAY JOIN [
    ('quality', 0.5 + 0.5 * (cityHash64(SpanId, 1) % 1000 / 1000)),
    ('safety', 1 - 0.2 * pow(cityHash64(SpanId, 2) % 1000 / 1000, 4))] AS judged
WHERE Timestamp >= fromUnixTimestamp64Nano({start_ns:Int64}) AND Timestamp < fromUnixTimestamp64Nano({end_ns:Int64})
    AND SpanKind = 'Client' AND SpanAttributes['gen_ai.usage.output_tokens'] != '' AND cityHash64(SpanId) % 100 = 0
SETTINGS max_insert_threads = 1, max_threads = 1, max_partitions_per_insert_block = 0
