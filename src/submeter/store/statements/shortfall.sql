-- What do the sums of these calls leave out? In the order in which exports have these columns.
    countIf(c.error_type != '') AS errors,
    countIf(
        c.cost_usd IS NULL AND (c.input_tokens IS NOT NULL OR c.output_tokens IS NOT NULL)) AS unpriced_calls,
    countIf(
        c.input_tokens IS NULL AND c.output_tokens IS NULL AND (c.error_type = '' OR c.partial)) AS calls_without_usage,
