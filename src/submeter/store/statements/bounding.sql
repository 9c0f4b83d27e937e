-- What are measures of calls in which repetitions still count? These can only add to a sum or a maximum of what is not
-- negative, so none of them is too small.
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
    count() AS calls,
    max(c.context_utilization) AS max_context_utilization,
    toUnixTimestamp64Nano(max(c.ts)) AS last_ns
