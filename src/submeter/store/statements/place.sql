-- By what measure do sessions come first? Each is a sum or a maximum over a session's calls. Nested conditions are settled
-- before calls are read, so that only the one measure is worked out where nothing else of a session is asked for.
    if({order:String} = 'tokens', toFloat64(ifNull(input_tokens, 0) + ifNull(output_tokens, 0)),
        if({order:String} = 'cost', ifNull(cost_usd, -1),
            if({order:String} = 'calls', toFloat64(calls),
                if({order:String} = 'context', ifNull(max_context_utilization, -1),
                    toFloat64(last_ns)))))
