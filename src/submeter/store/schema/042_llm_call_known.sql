-- Which calls were there before this block? Inside a materialized view the table's own name means the block alone.
CREATE OR REPLACE VIEW otel.llm_call_known AS
SELECT
    ts, trace_id, span_id, parent_span_id, scope, response_id, session_id, user_id, service, duration_s, witness,
    input_tokens, output_tokens
FROM otel.llm_call_rows
WHERE is_shadowed = 0
