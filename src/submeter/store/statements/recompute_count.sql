-- How many calls would change, and their cost before and after; what stands for them is another statement of ours.
SELECT
    count() AS calls,
    toFloat64(sum(toDecimal128(ifNull(old.cost_usd, 0), 18))) AS before_usd,
    toFloat64(sum(toDecimal128(ifNull(new.cost_usd, 0), 18))) AS after_usd
FROM ($rows) AS new
INNER JOIN
(
    SELECT toStartOfHour(ts) AS at, trace_id, span_id, cost_usd
    FROM otel.llm_call_rows FINAL
    WHERE ts >= fromUnixTimestamp64Nano({since_ns:Int64})
) AS old ON toStartOfHour(new.ts) = old.at AND new.trace_id = old.trace_id AND new.span_id = old.span_id
