-- Every score that somebody gave to an answer, with its repetitions. Ask llm_evaluations instead.
CREATE TABLE IF NOT EXISTS otel.llm_evaluation_rows
(
    ts DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    response_id String CODEC(ZSTD(1)),
    service LowCardinality(String),
    name LowCardinality(String),
    score Nullable(Float64) CODEC(ZSTD(1)),
    label LowCardinality(String),
    INDEX idx_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
PRIMARY KEY (toDate(ts), name, trace_id)
ORDER BY (toDate(ts), name, trace_id, span_id, response_id, ts)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
