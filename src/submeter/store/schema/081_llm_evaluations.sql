-- What scores were given? One row per score, whatever was sent twice.
CREATE OR REPLACE VIEW otel.llm_evaluations AS
SELECT ts, trace_id, span_id, response_id, service, name, score, label
FROM otel.llm_evaluation_rows FINAL
