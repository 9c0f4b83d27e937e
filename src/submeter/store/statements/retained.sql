-- For how many days does each table keep its rows? 0 is for good. On a cluster it is the shards' own tables that say so.
SELECT name, toUInt32OrZero(extract(create_table_query, 'TTL [^\\n]*toIntervalDay\\((\\d+)\\)')) AS days
FROM system.tables
WHERE database = 'otel' AND engine LIKE '%MergeTree'
