-- Feeds llm_evaluation_rows from the log records that are evaluation events.
CREATE OR REPLACE MATERIALIZED VIEW otel.llm_evaluation_logs_mv TO otel.llm_evaluation_rows AS
SELECT
    Timestamp AS ts,
    TraceId AS trace_id,
    SpanId AS span_id,
    LogAttributes['gen_ai.response.id'] AS response_id,
    ServiceName AS service,
    LogAttributes['gen_ai.evaluation.name'] AS name,
    toFloat64OrNull(LogAttributes['gen_ai.evaluation.score.value']) AS score,
    LogAttributes['gen_ai.evaluation.score.label'] AS label
FROM otel.otel_logs
WHERE EventName = 'gen_ai.evaluation.result' OR LogAttributes['event.name'] = 'gen_ai.evaluation.result'
