-- Is there anything? As many rows as came in, repetitions included: cheap enough to be asked every second.
SELECT
    (SELECT count() FROM otel.llm_call_rows) AS calls,
    (SELECT count() FROM otel.otel_traces) AS spans,
    (SELECT count() FROM otel.llm_warning_rows) AS warnings
