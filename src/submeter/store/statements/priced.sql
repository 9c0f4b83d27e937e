-- What do the prices of the calls of a period depend on?
SELECT
    provider,
    $priced_as AS model,
    service_tier,
    batch,
    count() AS calls
FROM otel.llm_call_rows FINAL
WHERE ts >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND ts < fromUnixTimestamp64Nano({end_ns:Int64})
    AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
GROUP BY provider, model, service_tier, batch
ORDER BY calls DESC
