-- Feeds llm_evaluation_rows from the evaluation events that older instrumentations put on the call's own span.
CREATE OR REPLACE MATERIALIZED VIEW otel.llm_evaluation_spans_mv TO otel.llm_evaluation_rows AS
SELECT
    event_ts AS ts,
    TraceId AS trace_id,
    SpanId AS span_id,
    if(judged['gen_ai.response.id'] != '', judged['gen_ai.response.id'], SpanAttributes['gen_ai.response.id']) AS response_id,
    ServiceName AS service,
    judged['gen_ai.evaluation.name'] AS name,
    toFloat64OrNull(judged['gen_ai.evaluation.score.value']) AS score,
    judged['gen_ai.evaluation.score.label'] AS label
FROM
(
    SELECT TraceId, SpanId, ServiceName, SpanAttributes, event_ts, event_name, judged
    FROM otel.otel_traces
    ARRAY JOIN `Events.Timestamp` AS event_ts, `Events.Name` AS event_name, `Events.Attributes` AS judged
    WHERE has(`Events.Name`, 'gen_ai.evaluation.result')
)
WHERE event_name = 'gen_ai.evaluation.result'
