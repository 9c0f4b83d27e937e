-- What points of these metrics were reported since a moment, the latest first?
SELECT
    p.metric AS metric,
    p.value AS value,
    p.observations AS observations,
    toUnixTimestamp64Nano(p.start) AS start_ns,
    toUnixTimestamp64Nano(p.time) AS time_ns,
    p.temporality = 2 AS is_cumulative,
    p.attributes AS attributes,
    p.resource AS resource,
    p.scope AS scope
FROM
(
    SELECT
        MetricName AS metric, Value AS value, 0::UInt64 AS observations, StartTimeUnix AS start, TimeUnix AS time,
        AggregationTemporality AS temporality, Attributes AS attributes, ResourceAttributes AS resource,
        ScopeName AS scope, Flags AS flags
    FROM otel.otel_metrics_sum
    UNION ALL
    SELECT
        MetricName, Sum, Count, StartTimeUnix, TimeUnix, AggregationTemporality, Attributes, ResourceAttributes,
        ScopeName, Flags
    FROM otel.otel_metrics_histogram
    UNION ALL
    SELECT
        MetricName, Sum, Count, StartTimeUnix, TimeUnix, AggregationTemporality, Attributes, ResourceAttributes,
        ScopeName, Flags
    FROM otel.otel_metrics_exponential_histogram
) AS p
WHERE p.time >= fromUnixTimestamp64Nano({start_ns:Int64})
    AND has({metrics:Array(String)}, p.metric)
    AND bitAnd(p.flags, 1) = 0
ORDER BY p.time DESC
LIMIT {limit:UInt32}
