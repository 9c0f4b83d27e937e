-- What was logged about one span? Where messages are captured as events, they are here.
SELECT l.LogAttributes AS attributes
FROM otel.otel_logs AS l
WHERE l.TraceId = {trace:String} AND l.SpanId = {span:String}
ORDER BY l.Timestamp
LIMIT 50
