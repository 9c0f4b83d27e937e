-- Which schema files ran on this database, and with what content?
CREATE TABLE IF NOT EXISTS otel.submeter_migrations
(
    name String,
    checksum String,
    applied_at DateTime64(3) DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY name
