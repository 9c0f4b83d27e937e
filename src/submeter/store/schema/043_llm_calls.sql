-- What calls were made? One row per call, exact whatever was sent twice, late or by two instrumentations.
-- session_id is the application's session, else the provider's conversation; an absent count is NULL, not 0.
CREATE OR REPLACE VIEW otel.llm_calls AS
SELECT
    ts, trace_id, span_id, parent_span_id, service, scope, provider, kind, request_model,
    response_model, response_id, session_id, conversation_id, user_id, operation, step, agent,
    framework, tags, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
    cache_write_5m_tokens, cache_write_1h_tokens, reasoning_tokens, text_input_tokens,
    image_input_tokens, audio_input_tokens, text_output_tokens, image_output_tokens,
    audio_output_tokens, estimated, inconsistent, partial, cost_usd, price_version, service_tier, batch,
    context_window, context_utilization, ttft_s, duration_s, error_type, finish_reasons, stream, prompt_hash, witness
FROM otel.llm_call_rows FINAL
