-- How much input had one request of a call, as far as prices by size go?
-- Of a call of several requests what the last put into the window is known, with its answer. A sum of many requests, of
-- which none is known, has a cost and no window: nothing says that one of them was long.
    multiIf(
        c.input_tokens IS NULL, 0,
        c.context_utilization IS NOT NULL AND c.context_window IS NOT NULL,
        toInt64(round(greatest(least(toFloat64(c.input_tokens), c.context_utilization * c.context_window), 0))),
        c.witness = 0 AND c.cost_usd IS NOT NULL AND c.context_window IS NULL, 0,
        toInt64(c.input_tokens))
