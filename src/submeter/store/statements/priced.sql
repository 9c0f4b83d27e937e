-- What do the prices of the calls since a time depend on?
SELECT
    provider,
    if(response_model != '', response_model, request_model) AS model,
    service_tier,
    batch,
    count() AS calls
FROM otel.llm_call_rows FINAL
WHERE ts >= fromUnixTimestamp64Nano({since_ns:Int64}) AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
GROUP BY provider, model, service_tier, batch
ORDER BY calls DESC
