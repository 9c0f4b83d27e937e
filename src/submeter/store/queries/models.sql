-- Which models were used, by which name is the price of each found, and what did they use? The dearest come first.
-- One model may be sold under several names, at several prices: each has its row. Names are compared for few groups only.
SELECT
    provider,
    if(response_model != '', response_model, request_model) AS model,
    $priced_as AS priced_as,
    sum(calls) AS calls,
    sum(unpriced_calls) AS unpriced_calls,
    sum(calls_without_usage) AS calls_without_usage,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    toFloat64(sum(cost)) AS cost_usd
FROM
(
    SELECT
        c.provider AS provider,
        c.request_model AS request_model,
        c.response_model AS response_model,
        sum(c.input_tokens) AS input_tokens,
        sum(c.output_tokens) AS output_tokens,
        sum(toDecimal128(c.cost_usd, 18)) AS cost,
        $shortfall
        count() AS calls
    FROM otel.llm_calls AS c
    WHERE c.ts >= fromUnixTimestamp64Nano({start_ns:Int64})
        AND c.ts < fromUnixTimestamp64Nano({end_ns:Int64})
    GROUP BY provider, request_model, response_model
)
GROUP BY provider, model, priced_as
ORDER BY
    ifNull(cost_usd, -1) DESC,
    ifNull(input_tokens, 0) + ifNull(output_tokens, 0) DESC,
    calls DESC,
    provider,
    model,
    priced_as
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
