-- Every warning event as it came in, with its repetitions. Ask llm_warnings instead.
-- The first report of a warning has the highest age and is the one that stays.
CREATE TABLE IF NOT EXISTS otel.llm_warning_rows
(
    ts DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    warning_id String CODEC(ZSTD(1)),
    type LowCardinality(String),
    severity LowCardinality(String),
    rule LowCardinality(String),
    subject_kind LowCardinality(String),
    subject String CODEC(ZSTD(1)),
    window LowCardinality(String),
    threshold Nullable(Float64) CODEC(ZSTD(1)),
    unit LowCardinality(String),
    current Nullable(Float64) CODEC(ZSTD(1)),
    limit Nullable(Float64) CODEC(ZSTD(1)),
    remaining Nullable(Float64) CODEC(ZSTD(1)),
    percentage Nullable(Float64) CODEC(ZSTD(1)),
    action String CODEC(ZSTD(1)),
    message String CODEC(ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    service LowCardinality(String),
    session_id String CODEC(ZSTD(1)),
    user_id String CODEC(ZSTD(1)),
    model LowCardinality(String),
    age UInt64 CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(age)
ORDER BY warning_id
SETTINGS non_replicated_deduplication_window = 1000
