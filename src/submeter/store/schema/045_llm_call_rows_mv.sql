-- Feeds llm_call_rows with the calls themselves.
CREATE OR REPLACE MATERIALIZED VIEW otel.llm_call_rows_mv TO otel.llm_call_rows AS
SELECT *
FROM otel.llm_call_intake
