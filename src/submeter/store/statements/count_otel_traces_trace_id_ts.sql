-- How many rows would erase_otel_traces_trace_id_ts erase?
SELECT count() AS erased
FROM otel.otel_traces_trace_id_ts
WHERE {before_ns:Int64} > 0 AND End < fromUnixTimestamp64Nano({before_ns:Int64})
    OR (({user:String} != '' OR {session:String} != '') AND TraceId NOT IN (SELECT TraceId FROM otel.otel_traces))
