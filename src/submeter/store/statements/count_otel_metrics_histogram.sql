-- How many points would erase_otel_metrics_histogram erase?
SELECT count() AS erased
FROM otel.otel_metrics_histogram
WHERE ({before_ns:Int64} > 0 AND TimeUnix < fromUnixTimestamp64Nano({before_ns:Int64}))
    OR ({user:String} != '' AND Attributes['user.id'] = {user:String})
    OR ({session:String} != '' AND Attributes['session.id'] = {session:String})
