-- Every call as it came in, with its repetitions and with the marks of those that another span witnesses better.
-- Ask llm_calls instead. A span sent twice has the same key, so one row is left of it; a mark has a higher
-- version than any repetition, and so has a row with a recomputed cost, so a marked call stays out for good. prompt_hash is 0 where no content was captured.
-- What most questions read is packed for speed (LZ4), the rest for size; small granules, because a session's few calls
-- lie in many of them.
CREATE TABLE IF NOT EXISTS otel.llm_call_rows
(
    ts DateTime64(9, 'UTC') CODEC(Delta(8), LZ4),
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    parent_span_id String CODEC(ZSTD(1)),
    service LowCardinality(String),
    scope LowCardinality(String),
    provider LowCardinality(String),
    kind LowCardinality(String),
    request_model LowCardinality(String),
    response_model LowCardinality(String),
    response_id String CODEC(ZSTD(1)),
    session_id String CODEC(LZ4),
    conversation_id String CODEC(ZSTD(1)),
    user_id String CODEC(LZ4),
    operation LowCardinality(String),
    step LowCardinality(String),
    agent LowCardinality(String),
    framework LowCardinality(String),
    tags Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    input_tokens Nullable(UInt64) CODEC(LZ4),
    output_tokens Nullable(UInt64) CODEC(LZ4),
    cache_read_tokens Nullable(UInt64) CODEC(LZ4),
    cache_write_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_5m_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    cache_write_1h_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    reasoning_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    text_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    image_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    audio_input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    text_output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    image_output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    audio_output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    estimated LowCardinality(String),
    inconsistent Bool,
    partial Bool,
    cost_usd Nullable(Float64) CODEC(LZ4),
    price_version LowCardinality(String),
    service_tier LowCardinality(String),
    batch Bool,
    context_window Nullable(UInt64) CODEC(ZSTD(1)),
    context_utilization Nullable(Float64) CODEC(LZ4),
    ttft_s Nullable(Float64) CODEC(LZ4),
    duration_s Float64 CODEC(LZ4),
    error_type LowCardinality(String),
    finish_reasons Array(LowCardinality(String)),
    stream Bool,
    prompt_hash UInt64,
    witness UInt8,
    is_shadowed UInt8,
    version UInt8,
    INDEX idx_session session_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_user user_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_witness witness TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_shadowed)
PARTITION BY toYYYYMM(ts)
PRIMARY KEY (toDate(ts), toStartOfHour(ts), trace_id)
ORDER BY (toDate(ts), toStartOfHour(ts), trace_id, span_id)
SETTINGS index_granularity = 2048, min_compress_block_size = 16384, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000
