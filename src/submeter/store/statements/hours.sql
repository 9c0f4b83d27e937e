-- In which hours can the calls be? The key of llm_call_rows has a call's hour, which the engine does not tell from its time,
-- as it does the day, because hours of far times begin anew. As a hint it is not asked of every row.
    indexHint({start_ns:Int64} < 0 OR {end_ns:Int64} > 4294800000000000000 OR toStartOfHour(c.ts)
        BETWEEN toStartOfHour(fromUnixTimestamp64Nano({start_ns:Int64}, 'UTC'))
        AND toStartOfHour(fromUnixTimestamp64Nano({end_ns:Int64}, 'UTC')))
