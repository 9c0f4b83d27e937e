-- Feeds llm_warning_rows from the log records that are warning events.
CREATE OR REPLACE MATERIALIZED VIEW otel.llm_warning_rows_mv TO otel.llm_warning_rows AS
SELECT
    Timestamp AS ts,
    if(LogAttributes['submeter.warning.id'] != '', LogAttributes['submeter.warning.id'], hex(sipHash128(Timestamp, TraceId, SpanId, ServiceName, Body, LogAttributes))) AS warning_id,
    LogAttributes['submeter.warning.type'] AS type,
    LogAttributes['submeter.warning.severity'] AS severity,
    LogAttributes['submeter.warning.rule'] AS rule,
    LogAttributes['submeter.warning.subject.kind'] AS subject_kind,
    LogAttributes['submeter.warning.subject.id'] AS subject,
    LogAttributes['submeter.warning.window'] AS window,
    toFloat64OrNull(LogAttributes['submeter.warning.threshold']) AS threshold,
    LogAttributes['submeter.warning.unit'] AS unit,
    toFloat64OrNull(LogAttributes['submeter.warning.current']) AS current,
    toFloat64OrNull(LogAttributes['submeter.warning.limit']) AS limit,
    toFloat64OrNull(LogAttributes['submeter.warning.remaining']) AS remaining,
    toFloat64OrNull(LogAttributes['submeter.warning.percentage']) AS percentage,
    LogAttributes['submeter.warning.suggested_action'] AS action,
    Body AS message,
    TraceId AS trace_id,
    SpanId AS span_id,
    ServiceName AS service,
    if(LogAttributes['session.id'] != '', LogAttributes['session.id'], LogAttributes['gen_ai.conversation.id']) AS session_id,
    LogAttributes['user.id'] AS user_id,
    if(LogAttributes['gen_ai.response.model'] != '', LogAttributes['gen_ai.response.model'], LogAttributes['gen_ai.request.model']) AS model,
    bitNot(toUInt64(toUnixTimestamp64Nano(Timestamp))) AS age
FROM otel.otel_logs
WHERE EventName = 'submeter.warning' OR LogAttributes['event.name'] = 'submeter.warning'
