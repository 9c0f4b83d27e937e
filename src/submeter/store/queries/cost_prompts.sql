-- Which calls sent a prompt, to the letter, that had been answered before, and what did these repetitions cost?
-- Failed calls are told elsewhere, as is what was sent again after them. The tuple keeps the first call's cost NULL where
-- it has no price.
SELECT
    provider,
    model,
    operation,
    count() AS prompts,
    sum(calls - 1) AS repeated_calls,
    toFloat64(sum(cost_usd - first_cost_usd)) AS repeated_cost_usd
FROM
(
    SELECT
        c.provider AS provider,
        c.request_model AS model,
        c.operation AS operation,
        c.prompt_hash AS prompt,
        count() AS calls,
        ifNull(sum(c.cost_usd), 0) AS cost_usd,
        ifNull(argMin(tuple(c.cost_usd), c.ts).1, 0) AS first_cost_usd
    FROM otel.llm_calls AS c
    WHERE c.prompt_hash != 0
        AND c.error_type = ''
        AND $filters
    GROUP BY provider, model, operation, prompt
    HAVING calls > 1
)
GROUP BY provider, model, operation
ORDER BY repeated_cost_usd DESC
LIMIT 1000
