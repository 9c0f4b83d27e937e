-- What warnings were raised? One row per warning id, its first report.
CREATE OR REPLACE VIEW otel.llm_warnings AS
SELECT
    ts, warning_id, type, severity, rule, subject_kind, subject, window, threshold, unit, current,
    limit, remaining, percentage, action, message, trace_id, span_id, service, session_id, user_id,
    model
FROM otel.llm_warning_rows FINAL
