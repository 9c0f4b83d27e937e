-- What do the prices of the calls of a period depend on? The model is the one that `catalog.answering` takes.
SELECT
    provider,
    if(response_model = '' OR position(request_model, concat('.', response_model)) > 0, request_model, response_model) AS model,
    service_tier,
    batch,
    count() AS calls
FROM otel.llm_call_rows FINAL
WHERE ts >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND ts < fromUnixTimestamp64Nano({end_ns:Int64})
    AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
GROUP BY provider, model, service_tier, batch
ORDER BY calls DESC
