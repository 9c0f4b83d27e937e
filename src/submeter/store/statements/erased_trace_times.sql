-- Which times of traces go? Those of old ones, and of those of which no span is left; where none has gone, none will be.
{before_ns:Int64} > 0 AND End < fromUnixTimestamp64Nano({before_ns:Int64})
    OR (({user:String} != '' OR {session:String} != '') AND TraceId NOT IN (SELECT TraceId FROM otel.otel_traces $staying))
