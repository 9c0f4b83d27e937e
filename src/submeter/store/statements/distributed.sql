-- The table that clients see on a cluster: it spreads rows over the shards and asks them all.
CREATE TABLE IF NOT EXISTS otel.$table ON CLUSTER '$cluster' AS otel.${table}_local
ENGINE = Distributed('$cluster', 'otel', '${table}_local', cityHash64($key))
