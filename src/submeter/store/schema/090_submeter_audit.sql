-- Who erased what, and when? The subject is told by its hash, because the erased must not live on here.
CREATE TABLE IF NOT EXISTS otel.submeter_audit
(
    at DateTime64(3, 'UTC') DEFAULT now64(3),
    actor String,
    action LowCardinality(String),
    subject String,
    details String,
    erased_rows UInt64
)
ENGINE = MergeTree
ORDER BY at
