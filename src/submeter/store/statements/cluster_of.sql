-- Over which cluster are the tables spread? No row on one server.
SELECT extract(engine_full, '^Distributed\\(\'([^\']+)') AS cluster
FROM system.tables
WHERE database = 'otel' AND name = 'llm_call_rows' AND engine = 'Distributed'
