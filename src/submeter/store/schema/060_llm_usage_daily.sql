-- How much was used per day, service, user, operation, step, provider and model?
-- A view, not a stored sum: a stored sum counts a span again when it is sent again, and money must not.
CREATE OR REPLACE VIEW otel.llm_usage_daily AS
SELECT
    toDate(c.ts) AS day,
    service,
    user_id,
    operation,
    step,
    provider,
    if(c.response_model != '', c.response_model, c.request_model) AS model,
    kind,
    count() AS calls,
    countIf(c.error_type != '') AS errors,
    countIf(
        c.cost_usd IS NULL AND (c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL)) AS unpriced_calls,
    countIf(
        c.input_tokens IS NULL AND c.output_tokens IS NULL AND (c.error_type = '' OR c.partial)) AS calls_without_usage,
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    sum(c.cache_read_tokens) AS cache_read_tokens,
    sum(c.cache_write_tokens) AS cache_write_tokens,
    sum(c.cache_write_5m_tokens) AS cache_write_5m_tokens,
    sum(c.cache_write_1h_tokens) AS cache_write_1h_tokens,
    sum(c.reasoning_tokens) AS reasoning_tokens,
    sum(c.text_input_tokens) AS text_input_tokens,
    sum(c.image_input_tokens) AS image_input_tokens,
    sum(c.audio_input_tokens) AS audio_input_tokens,
    sum(c.text_output_tokens) AS text_output_tokens,
    sum(c.image_output_tokens) AS image_output_tokens,
    sum(c.audio_output_tokens) AS audio_output_tokens,
    toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
    sum(c.duration_s) AS duration_s
FROM otel.llm_calls AS c
GROUP BY day, service, user_id, operation, step, provider, model, kind
