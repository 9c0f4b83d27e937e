-- What was used, by user, model, session, operation, step, day, hour, service, provider, agent or tag,
-- and then by another of these, or by `nothing`?
-- Times are cut in the time zone that is asked for. By day or hour the latest come first, else the dearest.
-- Sessions and users are counted by a hash of 64 bits of their ids, which is twice as fast.
SELECT
    c.{by:Identifier} AS key,
    c.{second:Identifier} AS second,
    count() AS calls,
    uniqExactIf(cityHash64(c.session_id), c.session_id != '') AS sessions,
    uniqExactIf(cityHash64(c.user_id), c.user_id != '') AS users,
    sum(c.input_tokens) AS input_tokens,
    sum(c.output_tokens) AS output_tokens,
    sum(c.cache_read_tokens) AS cache_read_tokens,
    sum(c.cache_write_tokens) AS cache_write_tokens,
    sum(c.reasoning_tokens) AS reasoning_tokens,
    toFloat64(sum(toDecimal128(c.cost_usd, 18))) AS cost_usd,
    $shortfall
    avg(c.duration_s) AS mean_duration_s,
    max(c.context_utilization) AS max_context_utilization
FROM
(
    SELECT
        *,
        if(response_model != '', response_model, request_model) AS model,
        toString(toDate(ts, {zone:String})) AS day,
        formatDateTime(ts, '%Y-%m-%d %H:00', {zone:String}) AS hour,
        tags[{by_tag:String}] AS tag,
        tags[{second_tag:String}] AS second_tag,
        '' AS nothing
    FROM otel.llm_calls
) AS c
WHERE
    $filters
GROUP BY key, second
ORDER BY
    if({by:String} IN ('day', 'hour'), key, '') DESC,
    if({second:String} IN ('day', 'hour'), second, '') DESC,
    ifNull(cost_usd, -1) DESC,
    ifNull(input_tokens, 0) + ifNull(output_tokens, 0) DESC,
    calls DESC,
    key,
    second
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
